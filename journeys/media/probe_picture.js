// Reads the pictures that a page shows: of videos as each frame is shown, of canvases after the page has drawn them.
(own, probe) => {
  const WIDTH = 160, HEIGHT = 120, KEEP = 256, ACTOR_BITS = 12;
  // Seconds of pictures decide about the person who is looked for; of others it is enough to know that they are there.
  const OTHERS_MS = 400, COOL_MS = 1000, CANVAS_MS = 30;
  // A search for grids that fill no picture reads four times as wide, and takes some milliseconds.
  const SEARCH = { width: 640, height: 480 }, SEARCH_APART_MS = 120, SEARCH_FIRST_MS = 250, SEARCH_LAST_MS = 2000;
  const pictures = [], states = new WeakMap(), page = Math.floor(performance.timeOrigin * 10).toString(36);
  let sources = 0, searchedAt = -Infinity, isWatching = false, wanted = "", stills = null;
  const newSlate = (width, height) => new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true, alpha: false });
  // Made at the first picture: most frames of a page never show one.
  let slate;

  const stateOf = (element) => {
    if (!states.has(element)) states.set(element, { source: `${page}.${sources++}`, readAt: -Infinity, presented: null, places: [probe.WHOLE_PICTURE], actor: "", wasSigned: false, searchAt: -Infinity, searchEach: SEARCH_FIRST_MS });
    return states.get(element);
  };
  const sizeOf = (element) => (element instanceof HTMLVideoElement ? [element.videoWidth, element.videoHeight] : [element.width, element.height]);
  const draw = (element, crop, onto = (slate ??= newSlate(WIDTH, HEIGHT))) => {
    const [width, height] = sizeOf(element), { width: wide, height: high } = onto.canvas;
    const part = crop ?? { left: 0, top: 0, width: 1, height: 1 };
    onto.fillRect(0, 0, wide, high);
    onto.drawImage(element, part.left * width, part.top * height, part.width * width, part.height * height, 0, 0, wide, high);
    return onto.getImageData(0, 0, wide, high);
  };
  const search = (element, state) => {
    const now = performance.now(), [width, height] = sizeOf(element);
    if (now < state.searchAt || now - searchedAt < SEARCH_APART_MS) return [];
    const scale = Math.min(1, SEARCH.width / width, SEARCH.height / height);
    const places = probe.findGrids(draw(element, null, newSlate(Math.ceil(width * scale), Math.ceil(height * scale))));
    searchedAt = performance.now();
    state.searchEach = places.length ? SEARCH_FIRST_MS : Math.min(SEARCH_LAST_MS, state.searchEach * 2);
    state.searchAt = searchedAt + state.searchEach;
    return places;
  };
  const actorOf = (bits) => (probe.isSigned(bits) ? bits.slice(0, ACTOR_BITS) : "");
  const readAll = (element, state) => state.places.map((place) => {
    const image = draw(element, place.crop);
    return { image, bits: probe.readAs(image, place) };
  });
  /** What an element shows: one reading for each grid that was found in it, or one without a signature. */
  const read = (element, state) => {
    let readings = readAll(element, state);
    const signers = readings.map(({ bits }) => actorOf(bits));
    const isWhole = state.places[0] === probe.WHOLE_PICTURE;
    if (!signers.includes(wanted || "any") && !(isWhole && signers[0])) {
      const places = search(element, state);
      if (places.length || (!isWhole && !signers.some(Boolean))) {
        state.places = places.length ? places : [probe.WHOLE_PICTURE];
        readings = readAll(element, state);
      }
    }
    const signed = readings.filter(({ bits }) => probe.isSigned(bits));
    return signed.length ? signed : readings.slice(0, 1);
  };
  // Only a picture that carries the signature that is looked for is ever kept: it is our own camera's, and shows nobody.
  const remember = ({ image, bits }) => {
    if (!wanted || actorOf(bits) !== wanted) return;
    const still = { at_ms: Date.now(), image };
    stills = { first: stills?.first ?? still, last: still };
  };
  const keep = (element) => {
    const state = stateOf(element), isCanvas = element instanceof HTMLCanvasElement;
    state.readAt = performance.now();
    let readings;
    try {
      readings = read(element, state);
    } catch (error) {
      // What another origin has drawn may not be read, and spoils the slate that it was drawn on.
      slate = undefined;
      throw error;
    }
    const actors = readings.map(({ bits }) => actorOf(bits)).filter(Boolean), ours = own.actorId?.toString(2).padStart(ACTOR_BITS, "0");
    [state.actor, state.wasSigned] = [actors.includes(wanted) ? wanted : actors[0] ?? "", state.wasSigned || actors.length > 0];
    // A whiteboard, a chart or a film is no picture of a call.
    const isOfCall = isCanvas ? state.wasSigned : state.wasSigned || element.srcObject || element.src.startsWith("blob:");
    if (!isOfCall && !(isCanvas && !probe.peers.length && !probe.videos().some(isPlaying))) return;
    for (const reading of readings) {
      remember(reading);
      pictures.push({ at_ms: Date.now(), source: state.source, presented: state.presented, bits: reading.bits, ...probe.readLuma(reading.image) });
    }
    pictures.splice(0, pictures.length - KEEP);
    if (actors.some((actor) => actor !== ours) || !actors.length) probe.mark("first_frame_ms");
    if (actors.some((actor) => actor !== ours)) probe.mark("first_signed_ms");
  };
  const isDue = (element) => {
    const { readAt, actor } = stateOf(element), since = performance.now() - readAt;
    // A page that nobody asks is read until its first signed picture, for its time.
    if (!probe.isHot()) return !probe.has("first_signed_ms") && since >= COOL_MS;
    return actor === wanted ? since >= CANVAS_MS : since >= OTHERS_MS;
  };
  const isPlaying = (video) => video.videoWidth > 0 && probe.isShown(video) && !probe.isOwn(video);
  probe.follow = (video) => {
    probe.warm();
    const seen = probe.quietly((_now, { presentedFrames }) => {
      video.requestVideoFrameCallback(seen);
      stateOf(video).presented = presentedFrames;
      if (isDue(video) && isPlaying(video)) keep(video);
    });
    video.requestVideoFrameCallback?.(seen);
  };
  // What WebGL has drawn can be read until the frame is over. After the callbacks of the page: asked for later than
  // they are, which a page does as a rule from within the last one.
  const watchCanvases = () => {
    isWatching = probe.isHot() && probe.canvases().length > 0;
    if (!isWatching) return;
    requestAnimationFrame(() => {
      probe.canvases().forEach(probe.quietly((canvas) => {
        if (isDue(canvas) && canvas.width && canvas.height && probe.isShown(canvas)) keep(canvas);
      }));
      setTimeout(watchCanvases, CANVAS_MS);
    });
  };
  const asJpeg = async ({ at_ms, image }) => {
    const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
    canvas.getContext("2d").putImageData(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return { at_ms, jpeg: btoa(String.fromCharCode(...bytes)) };
  };

  /** Begins to look for an actor: pictures of the one before are forgotten with the time. */
  probe.lookFor = (actorId, anew) => {
    wanted = actorId.toString(2).padStart(ACTOR_BITS, "0");
    if (anew) stills = null;
    if (!isWatching) watchCanvases();
  };
  /** The pictures since the last look. */
  probe.takePictures = (waitMs) => {
    // A picture that stands still tells of itself by no event: it is read all the same.
    probe.videos().forEach(probe.quietly((video) => {
      if (performance.now() - stateOf(video).readAt >= Math.max(waitMs, OTHERS_MS) && video.readyState >= 2 && isPlaying(video)) keep(video);
    }));
    return pictures.splice(0);
  };
  probe.countShown = () => probe.videos().filter((video) => video.videoWidth > 0 && probe.isShown(video)).length;
  probe.hasPictures = () => probe.videos().length + probe.canvases().length > 0;
  /** The first and the last picture of an actor since a look at them began; nothing if there was none. */
  probe.readStills = async (actorId) =>
    stills && actorId.toString(2).padStart(ACTOR_BITS, "0") === wanted ? [await asJpeg(stills.first), await asJpeg(stills.last)] : [];
}
