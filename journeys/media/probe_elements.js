// Knows the videos, sounds and canvases of a page, in the document or not, and judges which of them a person can see.
(own, probe) => {
  const FIND_MS = 1000, SHOWN_MS = 300, SMALLEST_PX = 16, FAINTEST = 0.1, OPAQUE = 0.95, DEPTH = 64, ELEMENTS = 20_000;
  const elements = [], roots = [], known = new WeakSet(), views = new WeakMap();
  let foundAt = -Infinity;
  const alive = (references) => {
    for (let i = references.length - 1; i >= 0; i--) if (!references[i].deref()) references.splice(i, 1);
    return references.map((reference) => reference.deref());
  };
  const remember = (element) => {
    if (known.has(element)) return;
    known.add(element);
    elements.push(new WeakRef(element));
    if (element instanceof HTMLVideoElement) probe.follow?.(element);
  };
  const enter = (root) => {
    if (known.has(root)) return;
    known.add(root);
    roots.push(new WeakRef(root));
  };

  // --- how elements become known ----------------------------------------------------------------------------------
  // Media events leave no shadow root, and an element need not be in any document: so each is met at its first use. A
  // proxy of a native function has its name, its length and its text.
  const after = (owner, name, deed, part = "value") => {
    const found = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (!found?.[part]) return;
    const quiet = probe.quietly(deed);
    const meet = (made, self, given) => { quiet(self, given, made); return made; };
    found[part] = new Proxy(found[part], {
      apply: (native, self, given) => meet(Reflect.apply(native, self, given), self, given),
      construct: (native, given, target) => meet(Reflect.construct(native, given, target), null, given),
    });
    Object.defineProperty(owner, name, found);
  };
  probe.after = after;
  for (const name of ["srcObject", "src"]) after(HTMLMediaElement.prototype, name, (media) => remember(media), "set");
  for (const name of ["play", "load"]) after(HTMLMediaElement.prototype, name, (media) => remember(media));
  after(window, "Audio", (_self, _given, media) => remember(media));
  for (const name of ["getContext", "transferControlToOffscreen"]) after(HTMLCanvasElement.prototype, name, (canvas) => remember(canvas));
  after(Element.prototype, "attachShadow", (_host, _given, root) => enter(root));
  document.addEventListener("playing", probe.quietly((event) => remember(event.target)), true);
  enter(document);

  /** Looks for those that a parser has made. A closed root that a parser has made too cannot be entered by anyone. */
  const find = () => {
    if (performance.now() - foundAt < FIND_MS) return;
    foundAt = performance.now();
    // Roots that are met on the way come behind in the same list.
    for (let i = 0; i < roots.length; i++) {
      const root = roots[i].deref(), all = root ? [...root.querySelectorAll("*")] : [];
      for (const element of all.slice(0, ELEMENTS)) {
        if (element.shadowRoot) enter(element.shadowRoot);
        if (element instanceof HTMLMediaElement || element instanceof HTMLCanvasElement) remember(element);
      }
    }
  };
  const of = (kind) => alive(elements).filter((element) => element instanceof kind);
  probe.find = find;
  probe.media = () => of(HTMLMediaElement);
  probe.videos = () => of(HTMLVideoElement);
  probe.canvases = () => of(HTMLCanvasElement);

  // --- what a person sees -----------------------------------------------------------------------------------------
  const parentOf = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host ?? null;
  const alphaOf = (colour) => {
    const parts = colour.match(/[\d.]+/g) ?? [];
    return colour === "transparent" ? 0 : Number(parts[3] ?? 1);
  };
  // Only what certainly hides: an image or a canvas may be see-through.
  const isOpaque = (element) => {
    const style = getComputedStyle(element);
    if (style.visibility !== "visible" || Number(style.opacity) < OPAQUE) return false;
    if (element instanceof HTMLVideoElement) return element.videoWidth > 0 && element.readyState >= 2;
    return alphaOf(style.backgroundColor) >= OPAQUE;
  };
  const isHiddenAt = (element, x, y) => {
    for (let node = element, depth = 0; node && depth < DEPTH; depth++) {
      const root = node.getRootNode(), stack = root.elementsFromPoint?.(x, y) ?? [], place = stack.indexOf(node);
      if (stack.slice(0, Math.max(0, place)).some((above) => !above.contains(node) && isOpaque(above))) return true;
      node = root.host ?? null;
    }
    return false;
  };
  const isCovered = (element, { left, top, width, height }) => {
    const { innerWidth, innerHeight } = element.ownerDocument.defaultView;
    const points = [[0.5, 0.5], [0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]].map(([x, y]) => [left + x * width, top + y * height]);
    const onScreen = points.filter(([x, y]) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight);
    // Below the fold nothing can be asked, and a person can scroll there.
    return onScreen.length > 0 && onScreen.every(([x, y]) => isHiddenAt(element, x, y));
  };
  /** The part of an element that its ancestors leave, or null if they hide it. */
  const uncut = (element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const box = { left, top, right, bottom };
    let opacity = Number(getComputedStyle(element).opacity);
    for (let node = parentOf(element), depth = 0; node && depth < DEPTH; node = parentOf(node), depth++) {
      const style = getComputedStyle(node), edge = node.getBoundingClientRect();
      opacity *= Number(style.opacity);
      const isRoot = node === node.ownerDocument.documentElement || node === node.ownerDocument.body;
      const cut = (overflow, from, to) => {
        if (overflow === "visible" || isRoot) return;
        // A person scrolls there, if there is anything to scroll in.
        const canScroll = overflow !== "hidden" && overflow !== "clip" && edge[to] - edge[from] >= SMALLEST_PX;
        if (!canScroll) [box[from], box[to]] = [Math.max(box[from], edge[from]), Math.min(box[to], edge[to])];
      };
      cut(style.overflowX, "left", "right");
      cut(style.overflowY, "top", "bottom");
    }
    const width = box.right - box.left, height = box.bottom - box.top;
    return opacity < FAINTEST || width < SMALLEST_PX || height < SMALLEST_PX ? null : { ...box, width, height };
  };
  const isReachable = ({ left, top, right, bottom }, view) => {
    const { scrollX, scrollY, innerWidth, innerHeight } = view, page = view.document.documentElement;
    const [wide, high] = [Math.max(page.scrollWidth, innerWidth), Math.max(page.scrollHeight, innerHeight)];
    return right + scrollX > 0 && bottom + scrollY > 0 && left + scrollX < wide && top + scrollY < high;
  };
  const look = (element) => {
    if (element.ownerDocument.pictureInPictureElement === element) return true;
    const view = element.ownerDocument.defaultView;
    if (!view || !element.isConnected || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
    if (view.innerWidth < SMALLEST_PX || view.innerHeight < SMALLEST_PX) return false;
    const box = uncut(element);
    if (!box || !isReachable(box, view) || isCovered(element, box)) return false;
    // The frame of another origin does not tell where it stands.
    const frame = probe.quietly(() => view.frameElement)();
    return !frame || look(frame);
  };
  /** Whether a person sees it, or would after scrolling; a tenth of a second or two ago is new enough. */
  probe.isShown = (element) => {
    const known = views.get(element), now = performance.now();
    if (known && now - known.at < SHOWN_MS) return known.isShown;
    const isShown = probe.quietly(look)(element) ?? false;
    views.set(element, { at: now, isShown });
    return isShown;
  };
  const tracksOf = (media) => media.srcObject?.getTracks?.() ?? [];
  probe.isOwn = (media) => tracksOf(media).some((track) => own.tracks?.has(track));
}
