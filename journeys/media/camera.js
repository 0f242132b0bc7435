// The signed camera, in place of getUserMedia: one canvas and one oscillator a document, fresh tracks a call.
// The grid's place (the middle three fifths) and its bits are read back by probe.js and decoded by camera.py.
({ actor_id, tone_hz, frames_per_s, is_muted }) => {
  if (!navigator.mediaDevices || !window.RTCPeerConnection) return;
  // Small on purpose: two of these are encoded and decoded in software on the machine that also judges them.
  const WIDTH = 320, HEIGHT = 240, COLUMNS = 8, ROWS = 6, BLOCK = 24;
  const LEFT = (WIDTH - COLUMNS * BLOCK) / 2, TOP = (HEIGHT - ROWS * BLOCK) / 2, QUIET = 8;
  const own = (window[Symbol.for("firstbell")] ??= {});
  own.actorId = actor_id;
  own.tracks = new WeakSet();

  const crc8 = (bytes) => bytes.reduce((crc, byte) => {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc & 0x80 ? (crc << 1) ^ 0x2f : crc << 1) & 0xff;
    return crc;
  }, 0xff);

  own.isSigned = (bits) => {
    const bytes = bits.match(/.{8}/g).map((byte) => parseInt(byte, 2));
    return crc8(bytes.slice(0, 5)) === bytes[5];
  };

  // 40 bits do not fit a JavaScript shift, so the payload is built as bytes: 12 bits of actor, 28 of time.
  const stampBytes = (now) => {
    const time = now % 2 ** 28;
    const bytes = [
      actor_id >> 4,
      ((actor_id & 0xf) << 4) | Math.floor(time / 2 ** 24),
      Math.floor(time / 2 ** 16) & 0xff,
      Math.floor(time / 2 ** 8) & 0xff,
      time & 0xff,
    ];
    return [...bytes, crc8(bytes)];
  };

  let camera;
  const openCamera = () => {
    if (camera) return camera;
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
    const pen = canvas.getContext("2d", { alpha: false });
    const draw = () => {
      const now = Date.now();
      pen.fillStyle = "#40627a";
      pen.fillRect(0, 0, WIDTH, HEIGHT);
      // Something that always moves outside the grid, so that a codec has work as with a real picture.
      pen.fillStyle = "#8fb3c9";
      pen.fillRect((now / 16) % WIDTH, 10, 30, 20);
      pen.fillStyle = "#fff";
      pen.fillRect(LEFT - QUIET, TOP - QUIET, COLUMNS * BLOCK + 2 * QUIET, ROWS * BLOCK + 2 * QUIET);
      pen.fillStyle = "#000";
      stampBytes(now).forEach((byte, row) => {
        for (let column = 0; column < COLUMNS; column++)
          if (!((byte >> (7 - column)) & 1)) pen.fillRect(LEFT + column * BLOCK, TOP + row * BLOCK, BLOCK, BLOCK);
      });
    };
    draw();
    setInterval(draw, 1000 / frames_per_s);
    return (camera = canvas);
  };

  let sound;
  const openMicrophone = () => {
    if (sound) return sound;
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: tone_hz });
    const volume = new GainNode(context, { gain: 0.25 });
    tone.connect(volume);
    tone.start();
    // A microphone that is muted is there, and gives no sound at all, not even silence that has to be encoded.
    if (is_muted) context.suspend();
    else context.resume();
    return (sound = { context, volume });
  };

  const videoTrack = () => openCamera().captureStream(frames_per_s).getVideoTracks()[0];
  const audioTrack = () => {
    const { context, volume } = openMicrophone();
    const out = context.createMediaStreamDestination();
    volume.connect(out);
    return out.stream.getAudioTracks()[0];
  };

  const getUserMedia = async (wanted = {}) => {
    if (!wanted.audio && !wanted.video) throw new TypeError("At least one of audio and video must be requested");
    const tracks = [...(wanted.audio ? [audioTrack()] : []), ...(wanted.video ? [videoTrack()] : [])];
    tracks.forEach((track) => own.tracks.add(track));
    return new MediaStream(tracks);
  };
  const device = (kind, label) => ({
    kind, label, deviceId: `firstbell-${kind}`, groupId: "firstbell", toJSON() { return { ...this }; },
  });
  const enumerateDevices = async () => [
    device("audioinput", "First Bell tone"),
    device("videoinput", "First Bell camera"),
    device("audiooutput", "Default"),
  ];
  const replace = (name, value) =>
    Object.defineProperty(MediaDevices.prototype, name, { value, configurable: true, writable: true });
  replace("getUserMedia", getUserMedia);
  replace("enumerateDevices", enumerateDevices);
}
