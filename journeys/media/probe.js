// Reads what a page really shows and plays, and when its call came up. Only numbers leave the page; nothing is kept.
// Everything is guarded: a page must never notice, whatever it does with its own elements and connections.
() => {
  if (!window.RTCPeerConnection) return;
  const own = (window[Symbol.for("firstbell")] ??= {});
  if (own.news) return;
  const COLUMNS = 8, ROWS = 6, WIDTH = 160, HEIGHT = 120, HOT_MS = 4000, COOL_MS = 1000, KEEP = 64;
  const SAMPLE_MS = 1000, SAMPLES = 900, ACTOR_BITS = 12;
  const marks = {}, peers = [], pictures = [], samples = [], stills = new Map(), followed = new WeakSet(), lastRead = new WeakMap();
  let hotUntil = 0, wake = () => {}, ear, ears = new WeakMap();
  const mark = (name) => (marks[name] ??= performance.now());
  const hot = () => performance.now() < hotUntil;
  const warm = () => (hotUntil = performance.now() + HOT_MS);

  // --- the call -----------------------------------------------------------------------------------------------
  const watchPeer = (peer) => {
    const watched = { peer, described: false, errors: new Map() };
    peers.push(watched);
    if (peers.length === 1) setInterval(sample, SAMPLE_MS);
    peer.addEventListener("signalingstatechange", () => (watched.described = true));
    peer.addEventListener("iceconnectionstatechange", () => {
      if (["connected", "completed"].includes(peer.iceConnectionState)) {
        mark("ice_connected_ms");
        quietly(sample)();
      }
      wake();
    });
    peer.addEventListener("connectionstatechange", () => wake());
    peer.addEventListener("icecandidateerror", quietly(({ url, errorCode, errorText }) => {
      // One a server is enough: each network interface tells the same again.
      if (watched.errors.size < KEEP) watched.errors.set(`${url} ${errorCode}`, { server: url ?? "", code: errorCode, said: errorText ?? "" });
    }));
    peer.addEventListener("track", ({ track }) => {
      warm();
      // A remote track is unmuted by its first packet (webrtc-pc, "muted").
      if (!track.muted) mark("first_packet_ms");
      else track.addEventListener("unmute", () => mark("first_packet_ms"), { once: true });
    });
  };
  const NativePeer = window.RTCPeerConnection, NativeSocket = window.WebSocket;
  const WatchedPeer = class RTCPeerConnection extends NativePeer {
    constructor(...given) { super(...given); watchPeer(this); }
  };
  const WatchedSocket = class WebSocket extends NativeSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("open", () => mark("signalling_ms"), { once: true });
    }
  };
  const put = (name, value) => Object.defineProperty(window, name, { value, configurable: true, writable: true });
  put("RTCPeerConnection", WatchedPeer);
  if (window.webkitRTCPeerConnection) put("webkitRTCPeerConnection", WatchedPeer);
  put("WebSocket", WatchedSocket);

  // What was tried to find a way: addresses of servers without their credentials, and kinds of candidates without theirs.
  const readWay = ({ peer, errors }, stats) => {
    const rows = [...(stats?.values() ?? [])], of = (type) => rows.filter((row) => row.type === type);
    const servers = quietly(() => peer.getConfiguration().iceServers.flatMap(({ urls }) => urls))() ?? [];
    return {
      gathering: peer.iceGatheringState,
      dtls: of("transport").map((row) => row.dtlsState)[0] ?? "",
      servers,
      errors: [...errors.values()],
      gathered: of("local-candidate").map((row) => ({ kind: row.candidateType, protocol: row.relayProtocol ?? row.protocol, server: row.url ?? "" })),
      received: of("remote-candidate").map((row) => ({ kind: row.candidateType, protocol: row.protocol, server: "" })),
    };
  };
  const readPeer = async (watched) => {
    const { peer, described } = watched;
    const state = { ice: peer.iceConnectionState, connection: peer.connectionState, described };
    const totals = { video_packets: 0, audio_packets: 0, frames_received: 0, frames_decoded: 0, concealed: 0, lost: 0, received_bytes: 0, acknowledged: 0 };
    const over = { video_bytes: 0, audio_bytes: 0, jitter_ms: null };
    let path = null, stats = null;
    if (peer.connectionState !== "closed") {
      stats = await peer.getStats();
      for (const row of stats.values()) {
        if (row.type === "inbound-rtp") {
          totals[row.kind === "video" ? "video_packets" : "audio_packets"] += row.packetsReceived ?? 0;
          totals.frames_received += row.framesReceived ?? 0;
          totals.frames_decoded += row.framesDecoded ?? 0;
          totals.concealed += row.concealedSamples ?? 0;
          totals.lost += row.packetsLost ?? 0;
          totals.received_bytes += row.bytesReceived ?? 0;
          over[row.kind === "video" ? "video_bytes" : "audio_bytes"] += row.bytesReceived ?? 0;
          over.jitter_ms = Math.max(over.jitter_ms ?? 0, (row.jitter ?? 0) * 1000);
        }
        // The other side's own report of what it received from here: it may arrive there and not here.
        if (row.type === "remote-inbound-rtp") totals.acknowledged += Math.max(0, (stats.get(row.localId)?.packetsSent ?? 0) - (row.packetsLost ?? 0));
        if (row.type === "transport" && row.selectedCandidatePairId) path = readPath(stats, row.selectedCandidatePairId) ?? path;
      }
    }
    return { ...state, ...totals, path, over, way: readWay(watched, stats) };
  };
  // Once a second while a call is up: what a chart of it is drawn from.
  const sample = async () => {
    const open = await Promise.all(peers.filter(({ peer }) => peer.connectionState !== "closed").map(readPeer));
    if (!open.length || samples.length >= SAMPLES) return;
    const sum = (of) => open.reduce((total, peer) => total + of(peer), 0);
    const most = (values) => values.reduce((most, value) => (value == null ? most : Math.max(most ?? 0, value)), null);
    samples.push({
      at_ms: Date.now(),
      video_bytes: sum((peer) => peer.over.video_bytes),
      audio_bytes: sum((peer) => peer.over.audio_bytes),
      frames_decoded: sum((peer) => peer.frames_decoded),
      lost: sum((peer) => peer.lost),
      jitter_ms: most(open.map((peer) => peer.over.jitter_ms)),
      round_trip_ms: most(open.map((peer) => peer.path?.round_trip_ms)),
    });
  };
  const readPath = (stats, pairId) => {
    const pair = stats.get(pairId), here = stats.get(pair?.localCandidateId), there = stats.get(pair?.remoteCandidateId);
    if (!here) return null;
    return {
      protocol: here.relayProtocol ?? here.protocol,
      local: here.candidateType,
      remote: there?.candidateType ?? "",
      round_trip_ms: (pair.currentRoundTripTime ?? 0) * 1000,
    };
  };

  // --- the picture --------------------------------------------------------------------------------------------
  const slate = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { willReadFrequently: true, alpha: false });
  const luma = (data, i) => 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
  const readGrid = (data) => {
    const boxWidth = (WIDTH * 0.6) / COLUMNS, boxHeight = (HEIGHT * 0.6) / ROWS, blocks = [];
    for (let row = 0; row < ROWS; row++)
      for (let column = 0; column < COLUMNS; column++) {
        let sum = 0, count = 0;
        // The middle half of a block: its edges are smeared by codecs and by scaling.
        for (let y = Math.floor(HEIGHT * 0.2 + (row + 0.25) * boxHeight); y < HEIGHT * 0.2 + (row + 0.75) * boxHeight; y++)
          for (let x = Math.floor(WIDTH * 0.2 + (column + 0.25) * boxWidth); x < WIDTH * 0.2 + (column + 0.75) * boxWidth; x++) {
            sum += luma(data, (y * WIDTH + x) * 4);
            count++;
          }
        blocks.push(sum / count);
      }
    const middle = (Math.min(...blocks) + Math.max(...blocks)) / 2;
    return blocks.map((block) => (block > middle ? "1" : "0")).join("");
  };
  // Only a picture that carries a signature is ever kept as a picture: it is our own camera's, and shows nobody.
  const remember = (image, bits) => {
    if (!own.isSigned?.(bits)) return;
    const actor = bits.slice(0, ACTOR_BITS), still = { at_ms: Date.now(), image };
    stills.set(actor, { first: stills.get(actor)?.first ?? still, last: still });
  };
  const asJpeg = async ({ at_ms, image }) => {
    const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
    canvas.getContext("2d").putImageData(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return { at_ms, jpeg: btoa(String.fromCharCode(...bytes)) };
  };
  const readPicture = (element) => {
    slate.drawImage(element, 0, 0, WIDTH, HEIGHT);
    const image = slate.getImageData(0, 0, WIDTH, HEIGHT), { data } = image, bits = readGrid(data);
    remember(image, bits);
    let sum = 0, squares = 0, count = 0;
    for (let i = 0; i < data.length; i += 64, count++) {
      const value = luma(data, i);
      sum += value;
      squares += value * value;
    }
    const mean = sum / count;
    return { at_ms: Date.now(), bits, luma: mean, spread: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
  };
  const isShown = (element) =>
    element.isConnected && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getBoundingClientRect().width > 8;
  const isOwn = (element) => element.srcObject && element.srcObject.getTracks().some((track) => own.tracks?.has(track));
  const keep = (element) => {
    if (!isShown(element) || isOwn(element)) return;
    const picture = readPicture(element);
    pictures.push(picture);
    if (pictures.length > KEEP) pictures.shift();
    mark("first_frame_ms");
    if (own.isSigned?.(picture.bits)) mark("first_signed_ms");
    wake();
  };
  const quietly = (deed) => (...given) => {
    try { return deed(...given); } catch (error) { own.trouble = String(error); }
  };
  const follow = (video) => {
    if (followed.has(video) || !(video instanceof HTMLVideoElement)) return;
    followed.add(video);
    warm();
    const seen = quietly((now) => {
      video.requestVideoFrameCallback(seen);
      if (!hot() && now - (lastRead.get(video) ?? 0) < COOL_MS) return;
      lastRead.set(video, now);
      keep(video);
    });
    video.requestVideoFrameCallback(seen);
  };
  // Media events do not bubble, but they can be captured on the way down.
  document.addEventListener("playing", quietly((event) => follow(event.target)), true);

  // --- the sound ----------------------------------------------------------------------------------------------
  const isAudible = (element) => !element.muted && element.volume > 0 && !element.paused;
  // An ear that nobody asks takes a twentieth of a core for each page of a class. Closed, and not held: what an analyser
  // still has of before would be heard as if it were now.
  const rest = () => {
    if (hot()) return void setTimeout(quietly(rest), COOL_MS);
    ear.close();
    [ear, ears] = [undefined, new WeakMap()];
  };
  const listen = (stream) => {
    if (!ear) {
      ear = new AudioContext();
      setTimeout(quietly(rest), HOT_MS);
    }
    ear.resume();
    if (!ears.has(stream)) {
      const analyser = new AnalyserNode(ear, { fftSize: 8192, smoothingTimeConstant: 0 });
      ear.createMediaStreamSource(stream).connect(analyser);
      ears.set(stream, analyser);
    }
    return ears.get(stream);
  };
  const readTone = (analyser, wantedHz) => {
    const levels = new Float32Array(analyser.frequencyBinCount), binHz = analyser.context.sampleRate / analyser.fftSize;
    analyser.getFloatFrequencyData(levels);
    const voice = levels.subarray(Math.round(300 / binHz), Math.round(3000 / binHz));
    const peak = voice.reduce((best, level, i) => (level > voice[best] ? i : best), 0);
    const near = Math.round(wantedHz / binHz);
    const finite = (level) => (Number.isFinite(level) ? level : -200);
    return {
      peak_hz: (peak + Math.round(300 / binHz)) * binHz,
      level_db: finite(Math.max(levels[near - 1], levels[near], levels[near + 1])),
      beside_db: finite(Math.max(levels[near - 5], levels[near + 5])),
      floor_db: finite([...voice].sort((a, b) => a - b)[voice.length >> 1]),
      bin_hz: binHz,
    };
  };
  const readSound = (wantedHz) =>
    [...document.querySelectorAll("audio, video")]
      .filter((element) => isAudible(element))
      .map((element) => element.srcObject ?? element.captureStream?.())
      .filter((stream) => stream?.getAudioTracks().length)
      .map((stream) => readTone(listen(stream), wantedHz));

  // --- what is asked ------------------------------------------------------------------------------------------
  /** What is new since the last call: at once if there is enough, else as soon as something happens, else after `waitMs`. */
  own.news = async ({ toneHz, waitMs, anew }) => {
    warm();
    if (anew) stills.clear();
    document.querySelectorAll("video").forEach((video) => follow(video));
    document.querySelectorAll("canvas").forEach(quietly((canvas) => { if (isShown(canvas)) pictures.push(readPicture(canvas)); }));
    if (!pictures.length) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => { clearTimeout(timer); resolve(); };
      });
      wake = () => {};
    }
    // A picture that stands still tells of itself by no event: look at it all the same.
    document.querySelectorAll("video").forEach(quietly((video) => {
      const isRead = performance.now() - (lastRead.get(video) ?? 0) < waitMs;
      if (isRead || video.readyState < 2 || !isShown(video) || isOwn(video)) return;
      lastRead.set(video, performance.now());
      pictures.push(readPicture(video));
    }));
    const navigation = performance.getEntriesByType("navigation")[0];
    return {
      at_ms: Date.now(),
      own_id: own.actorId ?? -1,
      origin_ms: performance.timeOrigin,
      page_ms: navigation?.domContentLoadedEventEnd || null,
      marks,
      shown: [...document.querySelectorAll("video")].filter((video) => isShown(video) && video.videoWidth > 0).length,
      pictures: pictures.splice(0),
      sounds: quietly(readSound)(toneHz) ?? [],
      peers: await Promise.all(peers.map(readPeer)),
      trouble: own.trouble ?? "",
    };
  };
  /** The first and the last picture of an actor since a look at them began; nothing if there was none. */
  own.stills = async (actorId) => {
    const found = stills.get(actorId.toString(2).padStart(ACTOR_BITS, "0"));
    return found ? [await asJpeg(found.first), await asJpeg(found.last)] : [];
  };
  /** What each connection has counted by now, without a look at any picture. */
  own.counted = () => Promise.all(peers.map(readPeer));
  /** What was counted since the call came up, once a second. */
  own.samples = async () => {
    await sample();
    return samples;
  };
}
