// Finds the signed camera's grid in a picture and reads its 48 bits; camera.js draws it, camera.py decodes it.
(own, probe) => {
  const COLUMNS = 8, ROWS = 6, BRIGHT = 160, CONTRAST = 60, GAP = 0.2, SMALLEST = { width: 26, height: 20 }, MOST = 64;
  const UNSIGNED = "0".repeat(COLUMNS * ROWS);
  // In camera.js the grid has a white edge of 8 around its 192 x 144.
  const EDGE = { x: 8 / 208, y: 8 / 160 };
  const WHOLE = { left: 0.2, top: 0.2, width: 0.6, height: 0.6 };
  const luma = (data, i) => 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];

  /** The mean brightness of each block, row by row: of its middle half, as codecs and scaling smear its edges. */
  const readBlocks = ({ data, width, height }, box, columns, rows) => {
    const wide = (width * box.width) / columns, high = (height * box.height) / rows, blocks = [];
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const left = width * box.left + column * wide, top = height * box.top + row * high;
        let sum = 0, count = 0;
        for (let y = Math.floor(top + 0.25 * high); y < top + 0.75 * high; y++)
          for (let x = Math.floor(left + 0.25 * wide); x < left + 0.75 * wide; x++) {
            sum += luma(data, (y * width + x) * 4);
            count++;
          }
        blocks.push(sum / count);
      }
    return blocks;
  };
  /** The bits of blocks that are each either dark or bright; none of ours otherwise, whatever the checksum says. */
  const toBits = (blocks) => {
    const least = Math.min(...blocks), most = Math.max(...blocks), middle = (least + most) / 2;
    const dark = Math.max(...blocks.filter((block) => block <= middle)), bright = Math.min(...blocks.filter((block) => block > middle));
    if (!(most - least >= CONTRAST) || bright - dark < GAP * (most - least)) return UNSIGNED;
    return blocks.map((block) => (block > middle ? "1" : "0")).join("");
  };
  const at = (blocks, place) => Array.from({ length: COLUMNS * ROWS }, (_, i) => blocks[place(i % COLUMNS, Math.floor(i / COLUMNS))]);
  const LAST = [COLUMNS - 1, ROWS - 1];
  const UPRIGHT = [
    (x, y) => y * COLUMNS + x,
    (x, y) => y * COLUMNS + LAST[0] - x,
    (x, y) => (LAST[1] - y) * COLUMNS + LAST[0] - x,
    (x, y) => (LAST[1] - y) * COLUMNS + x,
  ];
  // Of a picture that lies on its side the rows are read as columns.
  const SIDEWAYS = [
    (x, y) => x * ROWS + LAST[1] - y,
    (x, y) => (LAST[0] - x) * ROWS + y,
    (x, y) => x * ROWS + y,
    (x, y) => (LAST[0] - x) * ROWS + LAST[1] - y,
  ];
  const isSigned = (bits) => bits !== UNSIGNED && Boolean(own.isSigned?.(bits));
  const inside = (isSideways) => {
    const [x, y] = isSideways ? [EDGE.y, EDGE.x] : [EDGE.x, EDGE.y];
    return { left: x, top: y, width: 1 - 2 * x, height: 1 - 2 * y };
  };
  /** The bits of a grid in an image that holds a place's `crop` alone: a whole picture, or a grid up to its white edge. */
  const readAs = (image, { crop, isSideways, turn }) => {
    const box = crop ? inside(isSideways) : WHOLE;
    const blocks = readBlocks(image, box, ...(isSideways ? [ROWS, COLUMNS] : [COLUMNS, ROWS]));
    return toBits(at(blocks, (isSideways ? SIDEWAYS : UPRIGHT)[turn]));
  };

  /** The boxes of connected bright areas, in pixels: the white edge of a grid holds its bright blocks together. */
  const brightBoxes = ({ data, width, height }) => {
    const left = new Uint8Array(width * height), stack = new Int32Array(width * height), boxes = [];
    for (let i = 0; i < left.length; i++) left[i] = luma(data, i * 4) > BRIGHT ? 1 : 0;
    for (let start = 0; start < left.length && boxes.length < MOST; start++) {
      if (!left[start]) continue;
      let size = 0, x0 = width, x1 = 0, y0 = height, y1 = 0;
      const push = (i) => { left[i] = 0; stack[size++] = i; };
      push(start);
      while (size) {
        const i = stack[--size], x = i % width, y = (i - x) / width;
        if (x < x0) x0 = x;
        if (x > x1) x1 = x;
        if (y < y0) y0 = y;
        if (y > y1) y1 = y;
        if (x > 0 && left[i - 1]) push(i - 1);
        if (x < width - 1 && left[i + 1]) push(i + 1);
        if (y > 0 && left[i - width]) push(i - width);
        if (y < height - 1 && left[i + width]) push(i + width);
      }
      const box = { x: x0, y: y0, wide: x1 - x0 + 1, high: y1 - y0 + 1 };
      if (Math.max(box.wide, box.high) >= SMALLEST.width && Math.min(box.wide, box.high) >= SMALLEST.height) boxes.push(box);
    }
    return boxes;
  };
  const within = (crop, { left, top, width, height }) => ({
    left: crop.left + left * crop.width, top: crop.top + top * crop.height, width: width * crop.width, height: height * crop.height,
  });
  /** Places of grids in a picture, also of several, mirrored or turned. `crop` is in shares of the picture. */
  const findGrids = (image) => {
    const places = [];
    for (const { x, y, wide, high } of brightBoxes(image)) {
      const crop = { left: x / image.width, top: y / image.height, width: wide / image.width, height: high / image.height };
      for (const isSideways of [false, true]) {
        const blocks = readBlocks(image, within(crop, inside(isSideways)), ...(isSideways ? [ROWS, COLUMNS] : [COLUMNS, ROWS]));
        const turn = (isSideways ? SIDEWAYS : UPRIGHT).findIndex((place) => isSigned(toBits(at(blocks, place))));
        if (turn >= 0) {
          places.push({ crop, isSideways, turn });
          break;
        }
      }
    }
    return places;
  };

  probe.WHOLE_PICTURE = { crop: null, isSideways: false, turn: 0 };
  probe.UNSIGNED = UNSIGNED;
  probe.isSigned = isSigned;
  probe.readAs = readAs;
  probe.findGrids = findGrids;
  /** Mean and standard deviation of a picture's luma, from every sixteenth pixel. */
  probe.readLuma = ({ data }) => {
    let sum = 0, squares = 0, count = 0;
    for (let i = 0; i < data.length; i += 64, count++) {
      const value = luma(data, i);
      sum += value;
      squares += value * value;
    }
    const mean = sum / count;
    return { luma: mean, spread: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
  };
}
