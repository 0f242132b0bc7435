// Listens to what a page plays: by elements in the document or not, and by Web Audio up to its very end.
(own, probe) => {
  const BAND_HZ = [300, 3000], POINTS = 8192, RATE_HZ = 48_000, SILENCE_DB = -200, COOL_MS = 1000;
  const outputs = new WeakMap(), contexts = [], rerouted = new WeakSet();
  let ear, ears = new Map(), streams = new WeakMap();

  // --- Web Audio --------------------------------------------------------------------------------------------------
  const connect = window.AudioNode?.prototype.connect, disconnect = window.AudioNode?.prototype.disconnect;
  // Beside the output, and on to it without a sound: an analyser that leads nowhere keeps the last that it had.
  const outputOf = (context) => {
    if (!outputs.has(context)) {
      const analyser = newAnalyser(context), nothing = new GainNode(context, { gain: 0 });
      connect.call(analyser, nothing);
      connect.call(nothing, context.destination);
      outputs.set(context, analyser);
      contexts.push(new WeakRef(context));
    }
    return outputs.get(context);
  };
  const newAnalyser = (context) => new AnalyserNode(context, {
    // The same width of a bin at every rate, or nearly.
    fftSize: 2 ** Math.round(Math.log2((POINTS * context.sampleRate) / RATE_HZ)),
    smoothingTimeConstant: 0,
  });
  const isOutput = (node) => node instanceof AudioDestinationNode && !(node.context instanceof OfflineAudioContext);
  if (connect) {
    probe.after(AudioNode.prototype, "connect", (node, [to, output]) => {
      if (isOutput(to)) connect.call(node, outputOf(to.context), output ?? 0);
    });
    probe.after(AudioNode.prototype, "disconnect", (node, [from, output]) => {
      if (isOutput(from) && outputs.has(from.context)) disconnect.call(node, outputs.get(from.context), ...(output === undefined ? [] : [output]));
    });
    // Such an element plays into the graph and no longer by itself. Chromium: one with a stream still plays by itself.
    probe.after(window.AudioContext?.prototype, "createMediaElementSource", (_context, [media]) => rerouted.add(media));
    probe.after(window, "MediaElementAudioSourceNode", (_self, [_context, { mediaElement }]) => rerouted.add(mediaElement));
  }

  // --- elements ---------------------------------------------------------------------------------------------------
  const isAudible = (media) => !media.muted && media.volume > 0 && !media.paused && (media.srcObject || !rerouted.has(media));
  // An ear that nobody asks takes a twentieth of a core for each page of a class. Closed, and not held: what an analyser
  // still has of before would be heard as if it were now.
  const rest = () => {
    if (probe.isHot()) return void setTimeout(probe.quietly(rest), COOL_MS);
    ear.close();
    [ear, ears] = [undefined, new Map()];
  };
  const streamOf = (media) => {
    if (media.srcObject) return media.srcObject;
    // Taken once: each call makes another stream.
    if (!streams.has(media)) streams.set(media, (media.captureStream ?? media.mozCaptureStream)?.call(media));
    return streams.get(media);
  };
  const listen = (track) => {
    if (!ears.has(track)) {
      const analyser = newAnalyser(ear);
      connect.call(ear.createMediaStreamSource(new MediaStream([track])), analyser);
      ears.set(track, analyser);
    }
    return ears.get(track);
  };
  /** Each sound track that plays, with the volume of its element. */
  const playing = () => probe.media().filter(isAudible).flatMap((media) => {
    const tracks = probe.quietly(streamOf)(media)?.getAudioTracks?.() ?? [];
    return tracks.filter((track) => track.readyState === "live" && !own.tracks?.has(track)).map((track) => ({ track, volume: media.volume }));
  });

  const readTone = (analyser, wantedHz, volume = 1) => {
    const levels = new Float32Array(analyser.frequencyBinCount), binHz = analyser.context.sampleRate / analyser.fftSize;
    analyser.getFloatFrequencyData(levels);
    const [from, to] = BAND_HZ.map((hz) => Math.round(hz / binHz)), voice = levels.subarray(from, to), near = Math.round(wantedHz / binHz);
    const peak = voice.reduce((best, level, i) => (level > voice[best] ? i : best), 0);
    const level = (value) => (Number.isFinite(value) ? value + 20 * Math.log10(volume) : SILENCE_DB);
    return {
      peak_hz: (peak + from) * binHz,
      level_db: level(Math.max(levels[near - 1], levels[near], levels[near + 1])),
      beside_db: level(Math.max(levels[near - 5], levels[near + 5])),
      floor_db: level([...voice].sort((a, b) => a - b)[voice.length >> 1]),
      bin_hz: binHz,
    };
  };
  const isRunning = (context) => context.state === "running" && context.sinkId?.type !== "none";
  probe.readSounds = (wantedHz) => {
    const tracks = playing(), running = contexts.map((reference) => reference.deref()).filter((context) => context && isRunning(context));
    if (tracks.length && !ear) {
      ear = new AudioContext();
      setTimeout(probe.quietly(rest), COOL_MS);
    }
    ear?.resume();
    return [
      ...tracks.map(({ track, volume }) => readTone(listen(track), wantedHz, volume)),
      ...running.map((context) => readTone(outputOf(context), wantedHz)),
    ];
  };
  probe.hasSounds = () => contexts.length > 0 || probe.media().length > 0;
}
