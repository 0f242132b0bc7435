// The words that the rows of device_table.js are written in.
const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const stop = (stream) => stream.getTracks().forEach((track) => track.stop());
// Ids are random for each context and page; whether one is there matters, and the rows compare them themselves.
const named = (facts) => Object.fromEntries(Object.entries(facts).sort().map(([name, value]) =>
  [name, /Id$/.test(name) && /^[0-9a-f]{64}$/.test(value) ? "an id" : value]));
const answer = async (deed) => {
  try {
    const given = await deed();
    if (!(given instanceof MediaStream)) return ["answered", given ?? null];
    const kinds = given.getTracks().map(({ kind }) => kind);
    stop(given);
    return ["given", kinds];
  } catch (error) {
    return ["refused", error.name, error.message, error.constructor.name, error.constraint ?? null, error instanceof Error];
  }
};
const ask = (wanted) => answer(() => navigator.mediaDevices.getUserMedia(wanted));
const askOld = (name, wanted) => answer(() => new Promise((resolve, reject) => navigator[name](wanted, resolve, reject)));
const each = async (wanted, look) => {
  const stream = await navigator.mediaDevices.getUserMedia(wanted), seen = [];
  for (const track of stream.getTracks()) {
    const facts = await look(track);
    seen.push(facts && facts.constructor === Object ? named(facts) : facts);
  }
  stop(stream);
  return seen;
};
const settings = (wanted, id) => each(wanted, (track) => [named(track.getSettings()), id === undefined ? null : track.getSettings().deviceId === id]);
const deviceOf = async (wanted, number = 0) => (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === wanted)[number];
const idOf = async (kind, number) => (await deviceOf(kind, number)).deviceId;
const list = () => answer(async () => (await navigator.mediaDevices.enumerateDevices()).map(({ kind, label, deviceId, groupId }) => named({ kind, label, deviceId, groupId })));
const permission = async (name) => (await navigator.permissions.query({ name })).state;
const answers = async (rows) => {
  const told = {};
  for (const [name, row] of Object.entries(rows))
    told[name] = JSON.stringify(await Promise.race([answer(row), rest(5000).then(() => "no answer in 5 s")]));
  return told;
};
