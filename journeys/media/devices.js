// Asks the browser for camera and microphone with the page's own words, and only then gives the page our picture and
// tone: tracks of camera.js that answer for the device which the browser opened. A refusal reaches the page as it is.
// The device itself is closed at once: open, it takes a quarter of a student's processor time, and nobody looks at it.
// Without a camera of ours the page keeps the browser's own tracks, of devices that its context was granted.
(camera) => {
  if (!window.MediaStreamTrack) return;
  const { video, audio, signed } = camera ?? {};
  // The device behind each of our tracks: `native`, its own track, closed by now, and the settings it had while open.
  const devices = new WeakMap();
  const ofTrack = Object.getOwnPropertyDescriptors(MediaStreamTrack.prototype);
  const native = Object.fromEntries(Object.entries(ofTrack).map(([name, { value, get }]) => [name, value ?? get]));
  const cloneStream = MediaStream.prototype.clone;
  const { query } = window.Permissions?.prototype ?? {};
  // An insecure page has no MediaDevices.
  const { getUserMedia, enumerateDevices } = window.MediaDevices?.prototype ?? {};

  /** Puts methods and getters in the place of a prototype's own of these names, as far as it has them. */
  const replace = (prototype, methods) => {
    for (const [name, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(methods))) {
      const before = Object.getOwnPropertyDescriptor(prototype, name);
      if (before) Object.defineProperty(prototype, name, { ...before, ...(get ? { get } : { value }) });
    }
  };

  // What stands in for a prompt, which the headless shell has not (--use-fake-ui-for-media-stream), grants everything and
  // names every device: the context's own permission and the frame's are looked up. Other engines grant fakes to all.
  const isGranted = async (name) =>
    !("webkitGetUserMedia" in navigator)
    || ((document.featurePolicy?.allowsFeature(name) ?? true) && (await query.call(navigator.permissions, { name })).state === "granted");

  const adopt = (track, device) => {
    // A page may ask for its constructor, and a camera's is not CanvasCaptureMediaStreamTrack.
    Object.setPrototypeOf(track, MediaStreamTrack.prototype);
    devices.set(track, device);
    open.add(track);
    signed.add(track);
    return track;
  };
  const adoptCopy = (copy, track) => {
    const device = devices.get(track);
    if (!device) return copy;
    // The copy of an ended track has ended, unlike a canvas's.
    if (track.readyState === "ended") native.stop.call(copy);
    return adopt(copy, { ...device, native: native.clone.call(device.native) });
  };

  // The first track of a device decides the format in which it is open, until the last one ends.
  const open = new Set();
  const formats = (except) => {
    open.forEach((track) => track.readyState === "live" || open.delete(track));
    return new Set([...open].filter((track) => track !== except).map((track) => devices.get(track).format));
  };
  /** Does something while the devices of all open tracks but one are really open, and closes them again. */
  const beside = async (except, deed) => {
    const others = [...formats(except)];
    // At once, so that the browser reads what the page asks for before the page can change it.
    if (!others.length) return deed();
    const held = await Promise.allSettled(others.map(reopen));
    try {
      return await deed();
    } finally {
      held.forEach(({ value }) => value && native.stop.call(value));
    }
  };
  const reopen = async ({ kind, constraints }) =>
    (await getUserMedia.call(navigator.mediaDevices, { [kind]: constraints })).getTracks()[0];
  const exactly = (deviceId, constraints) => ({ ...constraints, deviceId: { exact: deviceId } });
  const formatOf = ({ kind }, { deviceId }, constraints, except) =>
    [...formats(except)].find((format) => format.kind === kind && format.deviceId === deviceId)
      ?? { kind, deviceId, constraints: exactly(deviceId, constraints) };

  const sign = (opened) => {
    const settings = native.getSettings.call(opened);
    // The picture of a screen, which the old words for one ask for here too, is no camera's.
    if (!camera || "displaySurface" in settings) return opened;
    const constraints = native.getConstraints.call(opened);
    const track = opened.kind === "video" ? video(settings, constraints) : audio();
    native.stop.call(opened);
    return adopt(track, { native: opened, settings, format: formatOf(opened, settings, constraints) });
  };
  const NAMES = { audio: "microphone", video: "camera" };
  const admit = async (stream, wanted) => {
    const tracks = stream.getTracks(), kinds = Object.keys(NAMES).filter((kind) => wanted?.[kind]);
    // The stand-in leaves out what the frame must not have. A person gets nothing then, in these words of Chromium's.
    const missing = kinds.filter((kind) => !tracks.some((track) => track.kind === kind));
    const granted = await Promise.all(kinds.map((kind) => missing.includes(kind) || isGranted(NAMES[kind])));
    if (granted.every(Boolean) && !missing.length) return new MediaStream(tracks.map(sign));
    tracks.forEach((track) => native.stop.call(track));
    throw new DOMException(`Permission ${missing.includes("audio") ? "dismissed" : "denied"}`, "NotAllowedError");
  };

  // --- what a page asks for -----------------------------------------------------------------------------------
  const legacy = (name) => {
    const ask = Navigator.prototype[name];
    return { [name](constraints, got, refused) {
      if (typeof got !== "function" || typeof refused !== "function") return ask.apply(this, arguments);
      return ask.call(this, constraints, (stream) => admit(stream, constraints).then(got, refused), refused);
    } };
  };
  for (const name of ["getUserMedia", "webkitGetUserMedia", "mozGetUserMedia"]) replace(Navigator.prototype, legacy(name));

  // A device that was not granted: one of each kind, of which nothing but the kind is told.
  const nameless = (device) => {
    const facts = { deviceId: "", kind: device.kind, label: "", groupId: "" };
    const answers = { ...facts, toJSON: () => facts, getCapabilities: () => ({}) };
    return Object.create(device, Object.getOwnPropertyDescriptors(answers));
  };
  if (getUserMedia) replace(MediaDevices.prototype, {
    async getUserMedia(...given) {
      // Kept for the story of a step that fails; a page that then gets less than it asked for was not refused.
      const own = (window[Symbol.for("firstbell")] ??= {});
      try {
        const stream = await admit(await beside(null, () => getUserMedia.apply(this, given)), given[0]);
        own.refusal = "";
        return stream;
      } catch (error) {
        own.refusal = error.name;
        throw error;
      }
    },
    async enumerateDevices() {
      const found = await enumerateDevices.call(this);
      const [camera, microphone] = [await isGranted("camera"), await isGranted("microphone")];
      const isNamed = ({ kind }) => (kind === "videoinput" ? camera : microphone);
      const isFirst = ({ kind }, i) => found.findIndex((other) => other.kind === kind) === i;
      return found.filter((device, i) => isNamed(device) || isFirst(device, i))
        .map((device) => (isNamed(device) ? device : nameless(device)));
    },
  });

  // --- the tracks it was given --------------------------------------------------------------------------------
  const behind = (track) => devices.get(track)?.native ?? track;
  replace(MediaStreamTrack.prototype, {
    get label() { return native.label.call(behind(this)); },
    getCapabilities() { return native.getCapabilities.call(behind(this)); },
    getConstraints() { return native.getConstraints.call(behind(this)); },
    getSettings() {
      const device = devices.get(this), isOpen = device && this.readyState === "live";
      return isOpen ? { ...device.settings } : native.getSettings.call(behind(this));
    },
    // Only an open device knows whether it can satisfy them: it is opened again, as it was.
    async applyConstraints(...given) {
      const device = devices.get(this);
      if (!device || this.readyState !== "live") return native.applyConstraints.apply(behind(this), given);
      const constraints = exactly(device.settings.deviceId, native.getConstraints.call(device.native));
      await beside(this, async () => {
        const opened = await reopen({ kind: this.kind, constraints });
        try {
          await native.applyConstraints.apply(opened, given);
          const settings = native.getSettings.call(opened);
          const format = formatOf(opened, settings, native.getConstraints.call(opened), this);
          Object.assign(device, { native: opened, settings, format });
        } finally {
          native.stop.call(opened);
        }
      });
    },
    clone() { return adoptCopy(native.clone.call(this), this); },
  });
  replace(MediaStream.prototype, {
    clone() {
      const copy = cloneStream.call(this), tracks = this.getTracks();
      copy.getTracks().forEach((track, i) => adoptCopy(track, tracks[i]));
      return copy;
    },
  });
}
