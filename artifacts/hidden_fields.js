// Hides what stands in fields for passwords and codes, and where the page repeats it, from the first moment: in
// pictures, screencasts and snapshots alike. An inline style does it, which no policy of a page forbids and no style
// sheet outweighs; a field keeps its size. Runs before the scripts of a page, in each of its frames.
({ part, whole, known, salt }) => {
  const FIELDS = "input, textarea, [contenteditable], [role=textbox]";
  const NO_TEXT = /^(?:hidden|checkbox|radio|submit|button|reset|range|file|color|image|date|time|month|week|datetime-local|email)$/;
  const NO_SECRET = /^(?:username|email|bday|postal|tel|name|given|family|organization|street|address|country|language|url|sex)/;
  const WATCHED = ["type", "name", "id", "autocomplete", "inputmode", "maxlength", "pattern", "placeholder", "aria-label",
    "aria-labelledby", "for", "style", "class", "hidden", "value"];
  const WORDS = new RegExp(`${part}|(?<!\\p{L})(?:${whole})(?!\\p{L})`, "iu");
  const KNOWN = new Set(known);
  const MOST_FIELDS = 300, MOST_VALUES = 100, MOST_TIMES = 200, LONGEST_ECHO = 2000, LEVELS = 4;
  const OBSERVED = { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: WATCHED };
  const NativeObserver = MutationObserver;
  const roots = new WeakSet();
  const hidden = new WeakMap(); // Element -> how often it was hidden.
  const fields = new Set();
  const typed = new Set(); // What was typed into hidden fields of this document.
  let used = null;

  const hashes = (text) => { // FNV-1a of the whole text.
    let hash = 0x811c9dc5 ^ salt;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return hash >>> 0;
  };
  const valueOf = (field) => String("value" in field ? field.value : field.textContent).slice(0, 256);
  const squeezed = (text) => text.replace(/[\s\u2013\u2014·•-]+/g, "");
  const isText = (field) => !(field.localName === "input" && NO_TEXT.test(field.type));

  const style = (element, name, value) => {
    const times = hidden.get(element) ?? 0;
    if (element.style.getPropertyValue(name) === value && element.style.getPropertyPriority(name)) return;
    if (times >= MOST_TIMES) return; // A page that takes the style away each time is not fought for ever.
    hidden.set(element, times + 1);
    element.style.setProperty(name, value, "important");
  };
  const hide = (element) => (fields.has(element) || isField(element)
    ? style(element, "-webkit-text-security", "disc")
    : style(element, "-webkit-text-fill-color", "transparent"));
  const isField = (element) => element.matches(FIELDS);

  const labelsOf = (field) => {
    const root = field.getRootNode();
    const by = (field.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean).slice(0, 5);
    const labels = [...(field.labels ?? []), ...by.map((id) => root.getElementById?.(id)).filter(Boolean)];
    const names = [field.name, field.id].map((name) => String(name ?? "").replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2"));
    return [...names, field.getAttribute("aria-label"), field.getAttribute("placeholder"), field.title,
      field.getAttribute("data-testid"), ...labels.slice(0, 5).map((label) => label.textContent)]
      .map((text) => String(text ?? "").slice(0, 200));
  };
  // Boxes for one character each: four and more beside each other, and no word between them.
  const boxesOf = (field) => {
    if (field.localName !== "input" || field.maxLength > 1) return [];
    let around = field.parentElement ?? field.getRootNode();
    for (let level = 0; level < 3 && around?.querySelectorAll; level++, around = around.parentElement) {
      const found = [...around.querySelectorAll("input")].filter(isText);
      if (found.length >= 4) {
        const alike = found.every((one) => one.maxLength === found[0].maxLength && one.type === found[0].type
          && one.inputMode === found[0].inputMode && one.className === found[0].className);
        return found.length <= 12 && alike && valueOf(field).length <= 1 && !/\p{L}{3}/u.test(around.textContent) ? found : [];
      }
    }
    return [];
  };
  const isCode = (field) => {
    const isNumeric = /^(?:numeric|tel|decimal)$/.test(field.inputMode) || /^(?:tel|number)$/.test(field.type)
      || /^\^?(?:\[0-9\]|\\d)/.test(field.pattern ?? "");
    const [, counted] = /\{(?:\d+,)?(\d+)\}\$?$/.exec(field.pattern ?? "") ?? [];
    const length = field.maxLength > 0 ? field.maxLength : Number(counted ?? 0);
    return length === 1 || (isNumeric && length >= 4 && length <= 8);
  };
  const isSecret = (field) => {
    const wanted = (field.autocomplete || field.getAttribute("autocomplete") || "").toLowerCase();
    if (field.type === "password" || /password|one-time-code|cc-(?:number|csc)/.test(wanted)) return true;
    const value = valueOf(field);
    if (value.length > 2 && (typed.has(value) || KNOWN.has(hashes(value)))) return true;
    if (NO_SECRET.test(wanted)) return false;
    if (labelsOf(field).some((text) => WORDS.test(text))) return true;
    return isCode(field) || boxesOf(field).length > 0;
  };

  const remember = (field) => {
    const boxes = boxesOf(field).map(valueOf).join("");
    for (const value of [valueOf(field), boxes])
      if (value.length > 2 && typed.size < MOST_VALUES) typed.add(value);
  };
  const judge = (field) => {
    if (!isText(field) && !hidden.has(field)) return;
    if (fields.size < MOST_FIELDS) fields.add(field);
    if (!hidden.has(field) && !isSecret(field)) return;
    hide(field);
    if (valueOf(field)) remember(field);
  };
  // The smallest element that holds a text, if it is no field.
  const holder = (element, has) => {
    for (let inner = element; inner; inner = [...inner.children].find((child) => has(child.textContent))) element = inner;
    return element;
  };
  const hideEchoes = (element) => {
    for (let level = 0; element instanceof Element && level < LEVELS; level++, element = element.parentElement) {
      const text = element.textContent;
      if (text.length > LONGEST_ECHO) return;
      const whole = squeezed(text);
      if (!whole) continue;
      const near = used && level && element.contains(used) && squeezed(valueOf(used)) === whole;
      for (const value of near ? [whole] : typed) {
        const wanted = squeezed(value);
        if (wanted && whole.includes(wanted) && !/^(?:SCRIPT|STYLE|HEAD|TITLE)$/.test(element.tagName)) {
          hide(holder(element, (inner) => squeezed(inner).includes(wanted)));
          return;
        }
      }
    }
  };
  // A page may copy a value by a script, which fires no event.
  const again = () => {
    for (const field of fields) {
      if (!field.isConnected) fields.delete(field);
      else if (hidden.has(field) || typed.has(valueOf(field))) judge(field);
    }
  };

  const look = (root) => {
    if (root.matches?.(FIELDS)) judge(root);
    for (const field of root.querySelectorAll(FIELDS)) judge(field);
    if (root.shadowRoot) observe(root.shadowRoot);
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) observe(element.shadowRoot);
    if (root.localName === "label" && root.control) judge(root.control);
  };
  const changed = (records) => {
    const looked = new Set(); // A parser adds a node and then its children: each is looked at once.
    for (const { target, addedNodes, type } of records) {
      for (const node of addedNodes) {
        if (node.nodeType !== 1) continue;
        if (!looked.has(node.parentNode)) look(node);
        looked.add(node);
      }
      if (type === "attributes" && target.matches(FIELDS)) judge(target);
      if (hidden.has(target)) hide(target);
      if (typed.size || used) {
        if (type === "characterData") hideEchoes(target.parentElement);
        for (const node of addedNodes) hideEchoes(node.nodeType === 1 ? node : node.parentElement);
      }
    }
    again();
  };
  const guarded = (work) => (...given) => {
    try { work(...given); } catch { /* A page that is odd in a way nobody foresaw goes on as it is. */ }
  };
  const met = guarded((event) => {
    const [field] = event.composedPath();
    if (field instanceof Element && isField(field)) {
      judge(field);
      if (hidden.has(field)) {
        used = field;
        hideEchoes(field.parentElement);
      }
    }
    again();
  });
  const observe = guarded((root) => {
    if (roots.has(root)) return;
    roots.add(root);
    new NativeObserver(guarded(changed)).observe(root, OBSERVED);
    for (const name of ["input", "focusin", "change"]) root.addEventListener(name, met, true);
    look(root);
  });

  const attachShadow = Element.prototype.attachShadow;
  Element.prototype.attachShadow = new Proxy(attachShadow, {
    apply(attach, host, given) {
      const root = Reflect.apply(attach, host, given);
      observe(root);
      return root;
    },
  });
  observe(document);
}
