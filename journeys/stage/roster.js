// Follows a list of participants in its own page. `found` are the elements of the locator. The page reports each change
// by itself, so that a person who comes and goes is noticed, and finds a list again that was drawn anew.
(found, asked) => {
  const LIST =
    "ul, ol, table, tbody, [role=list], [role=listbox], [role=tree], [role=grid], [role=table], [role=rowgroup]";
  const ROW = "li, tr, [role=listitem], [role=option], [role=treeitem], [role=row]";
  const HEADER = "th, [role=columnheader]";
  const NAMED = "[aria-label], [title], [alt]";
  const MOST_ROWS = 1000, MOST_TEXTS = 40, MOST_LETTERS = 200, AGAIN_MS = 500;
  if (!found.length) return null;

  const lists = (window[Symbol.for("firstbell.roster")] ??= new Map());
  const clip = (text) => String(text ?? "").replace(/\s+/g, " ").trim().slice(0, MOST_LETTERS);
  // Elements inside, in their order, also those in shadow roots; what is slotted into one is there as well.
  const childrenOf = (one) => [...(one.shadowRoot?.children ?? []), ...one.children];
  const inside = (one) => childrenOf(one).flatMap((child) => [child, ...inside(child)]);
  const above = (one) => one.parentElement ?? one.getRootNode().host;
  const named = (row) =>
    [row, ...inside(row).filter((one) => one.matches(NAMED))].flatMap((one) => ["aria-label", "title", "alt"].map((name) => one.getAttribute(name)));
  const textNodes = (node, texts) => {
    for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) {
      if (texts.length >= MOST_TEXTS) return texts;
      if (child.nodeType === Node.TEXT_NODE) texts.push(clip(child.data));
      else if (child.nodeType === Node.ELEMENT_NODE && !child.matches("script, style, template"))
        textNodes(child, texts);
    }
    return texts;
  };
  const textsOf = (row) => {
    const first = (selector) => [row, ...inside(row)].find((one) => one.matches(selector));
    let texts;
    if (asked.attribute) texts = [first(`[${asked.attribute}]`)?.getAttribute(asked.attribute)];
    else if (asked.name) texts = [first(asked.name)?.textContent];
    else texts = textNodes(row, []);
    texts = texts.map(clip).filter(Boolean);
    if (texts.length || asked.attribute || asked.name) return texts;
    return named(row).map(clip).filter(Boolean).slice(0, MOST_TEXTS);
  };

  const traits = (one) => ["role", "id", "class", "aria-label", "data-testid", "data-tid", "data-test"]
    .reduce((text, name) => `${text}\n${one.getAttribute(name)}`, one.tagName);
  const isList = (one) => one.matches(LIST) || Boolean(!one.matches(ROW) && one.querySelector(ROW));
  // A single element that says nothing about itself is a list if several children of it are all alike.
  const looksLikeList = (one) => one.children.length > 1 && !one.matches(ROW)
    && [...one.children].every((child) => child.className && child.className === one.children[0].className);
  // The innermost rows: an outer one may be a group of people.
  const rowsOf = (list) => {
    const rows = inside(list).filter((one) => one.matches(ROW) && !inside(one).some((inner) => inner.matches(ROW)));
    return (rows.length ? rows : [...list.children]).filter((row) => !row.querySelector(HEADER) && !row.closest("thead"));
  };
  // A list that draws only what is in view keeps room for the rest, and a line between groups is nobody.
  const isRoom = (row) => !textsOf(row).length && (row.matches("[aria-hidden=true], [role=none], [role=presentation], [role=separator], hr")
    || (!row.matches(ROW) && !inside(row).length && !asked.name && !asked.attribute));
  // People are counted in each list by itself: a product may show a person in several.
  const listOf = (row) => {
    let one = above(row);
    while (one && one !== top && !one.matches(LIST)) one = above(one);
    return one ?? top;
  };
  const depthIn = (top, one) => (one === top || !one ? 0 : 1 + depthIn(top, one.parentElement));
  // How the rows are found from the element that holds them all, also those that come later.
  const shapeOf = () => {
    if (asked.isCount) return { top: found[0], rows: (top) => [top] };
    if (found.length === 1 && (isList(found[0]) || looksLikeList(found[0])))
      return { top: found[0], rows: rowsOf };
    const first = found[0], classes = [...first.classList];
    let top = first.parentElement ?? first;
    while (top.parentElement && !found.every((one) => top.contains(one))) top = top.parentElement;
    // A row in a wrapper of its own: the next row stands beside the wrapper.
    while (found.length === 1 && classes.length && top.children.length === 1 && top.parentElement?.parentElement) top = top.parentElement;
    const depth = depthIn(top, first);
    const isAlike = (one) => one.getAttribute("role") === first.getAttribute("role")
      && (!classes.length || classes.some((name) => one.classList.contains(name)));
    const alike = (now) => [...now.querySelectorAll(first.tagName)].filter((one) => isAlike(one) && depthIn(now, one) === depth);
    const areLists = found.every((one) => one.matches(LIST));
    return { top, rows: areLists ? (now) => alike(now).flatMap(rowsOf) : alike };
  };

  // A place that is kept for a person who may come: without words, parts and display, in a list that is displayed.
  const isDrawn = (one) => one.getClientRects().length > 0;
  const isFree = (row) => !row.children.length && !row.shadowRoot && !isDrawn(row) && isDrawn(top) && !textsOf(row).length;

  lists.get(asked.number)?.stop();
  const { rows, ...shape } = shapeOf();
  const root = shape.top.getRootNode(), sign = traits(shape.top);
  let top = shape.top, last = "", timer = 0;
  const numbers = new Map();
  const numberOf = (list) => numbers.get(list) ?? numbers.set(list, numbers.size + 1).get(list);
  const look = () => {
    numbers.clear();
    const isThere = top.isConnected;
    const shown = isThere ? rows(top).filter((row) => !isFree(row) && !isRoom(row)).slice(0, MOST_ROWS) : [];
    const where = shown.map((row) => `${numberOf(listOf(row))}${row.checkVisibility() ? 0 : 1}`);
    // A list that draws only what is in view states how long it is.
    const sizes = shown.map((row) => Number(row.getAttribute("aria-setsize"))).filter((size) => size > shown.length);
    return { number: asked.number, is_there: isThere, rows: shown.map(textsOf), lists: where, size: Math.max(0, ...sizes) };
  };
  const send = (message) => window[asked.binding]?.(message);
  const changed = () => {
    if (!top.isConnected) {
      const same = [...root.querySelectorAll(top.tagName)].filter((one) => traits(one) === sign);
      if (same.length === 1) top = same[0];
    }
    const seen = look(), text = JSON.stringify(seen);
    if (text !== last) send(seen);
    last = text;
    observeInside();
    // Only the locator knows each list, also one that is drawn in another place. It is asked a little later, and not at
    // each change.
    if (!timer)
      timer = setTimeout(() => { timer = 0; send({ number: asked.number, again: true }); }, AGAIN_MS);
  };
  const observer = new MutationObserver(changed);
  const attributeFilter = ["aria-label", "title", "alt", "aria-setsize", ...(asked.attribute ? [asked.attribute] : [])];
  const changes = { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter };
  for (const place of new Set([document, root])) observer.observe(place, changes);
  // A row may come with a shadow root of its own.
  const observeInside = () => [top, ...inside(top)].forEach((one) => one.shadowRoot && observer.observe(one.shadowRoot, changes));
  observeInside();
  lists.set(asked.number, { stop: () => { observer.disconnect(); clearTimeout(timer); } });
  const seen = look();
  last = JSON.stringify(seen);
  return seen;
}
