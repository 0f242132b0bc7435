// Draws and sounds the signed camera of a document: one canvas a size, one oscillator, fresh tracks a call.
// The grid's place (the middle three fifths) and its bits are read back by probe.js and decoded by camera.py.
({ actor_id, tone_hz, frames_per_s, is_muted }) => {
  // All places are for a picture of this size; another size is the same picture, stretched.
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

  const draw = (pen) => {
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

  const canvases = new Map();
  const canvasOf = (width, height) => {
    const size = `${width} ${height}`;
    if (canvases.has(size)) return canvases.get(size);
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const pen = canvas.getContext("2d", { alpha: false });
    pen.scale(width / WIDTH, height / HEIGHT);
    draw(pen);
    setInterval(draw, 1000 / frames_per_s, pen);
    canvases.set(size, canvas);
    return canvas;
  };

  // Small on purpose: two of these are encoded and decoded in software on the machine that also judges them. The shape
  // is the device's, and so is the size if the page has demanded one.
  const video = ({ width = WIDTH, height = HEIGHT }, { width: wide, height: high }) => {
    const isDemanded = [wide, high].some((range) => range?.exact || range?.min);
    const scale = isDemanded ? 1 : Math.min(1, WIDTH / width, HEIGHT / height);
    const even = (length) => Math.max(2, Math.round((length * scale) / 2) * 2);
    return canvasOf(even(width), even(height)).captureStream(frames_per_s).getVideoTracks()[0];
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
  const audio = () => {
    const { context, volume } = openMicrophone();
    const out = context.createMediaStreamDestination();
    volume.connect(out);
    return out.stream.getAudioTracks()[0];
  };

  return { video, audio, signed: own.tracks };
}
