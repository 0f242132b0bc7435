// A room in the browser: what the server tells is shown, what people do is told to the server, calls go page to page.
const room = document.querySelector(".room");
const words = JSON.parse(room.dataset.words);
const find = (selector) => room.querySelector(selector);
const status = find("[role=status]");
const calls = new Map();
let socket, stream, relays = [], over = false;

const say = (message) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));

// --- people and pictures ---------------------------------------------------------------------------------------
const showPeople = (people) =>
  find("ul").replaceChildren(...people.map(({ name, role, hand }) => {
    const item = document.createElement("li");
    item.append(name, role === "guest" ? "" : ` (${role})`);
    if (hand) item.append(" ", Object.assign(document.createElement("em"), { textContent: "hand raised" }));
    return item;
  }));

const figureFor = (name) => {
  const figure = document.createElement("figure");
  figure.setAttribute("aria-label", name);
  figure.setAttribute("role", "group");
  const video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true });
  figure.append(video, Object.assign(document.createElement("figcaption"), { textContent: name }));
  find(".stage").prepend(figure);
  return figure;
};

// The class of somebody else: its picture comes from there, and nobody here takes part in it.
const showFilm = (name) => {
  if (!name) return;
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const pen = canvas.getContext("2d");
  let turn = 0;
  setInterval(() => {
    pen.fillStyle = "#8a6a3b";
    pen.fillRect(0, 0, 320, 240);
    pen.fillStyle = "#f1e4c8";
    pen.fillRect(40 + 30 * Math.sin(turn += 0.2), 60, 120, 140);
  }, 66);
  figureFor(name).querySelector("video").srcObject = canvas.captureStream(15);
};

const showChat = ({ name, text }) => {
  const line = Object.assign(document.createElement("p"), { textContent: `${name}: ${text}` });
  find("[role=log]").append(line);
  line.scrollIntoView({ block: "nearest" });
};

// --- calls -----------------------------------------------------------------------------------------------------
const callWith = (peer, name) => {
  if (calls.has(peer)) return calls.get(peer);
  const connection = new RTCPeerConnection({ iceServers: relays });
  const call = { connection, figure: figureFor(name), early: [] };
  calls.set(peer, call);
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  if (devices.still) setTimeout(() => devices.still && switchPicture(stillTrack()), HANGS_AFTER_MS);
  connection.onicecandidate = ({ candidate }) => candidate && say({ type: "signal", peer, candidate });
  connection.ontrack = ({ streams }) => (call.figure.querySelector("video").srcObject = streams[0]);
  return call;
};

// How many pictures this page has sent by a call. The school adds them up, so that whoever watches the other end can be checked.
const framesSent = async ({ connection }) =>
  [...(await connection.getStats()).values()]
    .filter(({ type, kind }) => type === "outbound-rtp" && kind === "video")
    .reduce((total, { framesSent }) => total + (framesSent ?? 0), 0);

const hangUp = async (peer) => {
  const call = calls.get(peer);
  if (!call) return;
  calls.delete(peer);
  call.figure.remove();
  say({ type: "frames", sent: await framesSent(call) });
  call.connection.close();
};

const offerTo = async ({ peer, name }) => {
  const { connection } = callWith(peer, name);
  await connection.setLocalDescription();
  say({ type: "signal", peer, description: connection.localDescription });
};

const hear = async ({ peer, name, description, candidate }) => {
  const { connection, early } = callWith(peer, name);
  if (description) {
    await connection.setRemoteDescription(description);
    for (const waiting of early.splice(0)) await connection.addIceCandidate(waiting);
    if (description.type === "offer") {
      await connection.setLocalDescription();
      say({ type: "signal", peer, description: connection.localDescription });
    }
  } else if (candidate) {
    if (connection.remoteDescription) await connection.addIceCandidate(candidate);
    else early.push(candidate);
  }
};

// A camera that hangs when a call has been up for a moment: the same picture again and again.
const HANGS_AFTER_MS = 3000;
let still;
const stillTrack = () => {
  if (still) return still;
  const live = find(".own video"), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [live.videoWidth, live.videoHeight];
  const pen = canvas.getContext("2d");
  pen.drawImage(live, 0, 0);
  const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
  setInterval(() => pen.putImageData(picture, 0, 0), 66);
  return (still = canvas.captureStream(15).getVideoTracks()[0]);
};
const switchPicture = (track) => {
  for (const { connection } of calls.values())
    connection.getSenders().find((sender) => sender.track?.kind === "video")?.replaceTrack(track);
};

// What the server says of the devices; a microphone that is off there stays off whatever is clicked here.
let devices = { picture: true, sound: true, still: false };
const switchDevices = (told = devices) => {
  const { picture = true, sound = true, still = false } = told;
  if (calls.size && still !== devices.still) switchPicture(still ? stillTrack() : stream.getVideoTracks()[0]);
  devices = { picture, sound, still };
  for (const track of stream.getVideoTracks()) track.enabled = picture;
  for (const track of stream.getAudioTracks()) track.enabled = sound && !find("[data-do=microphone]").dataset.muted;
};

// --- coming and going --------------------------------------------------------------------------------------------
const goOut = async (word) => {
  over = true;
  await Promise.all([...calls.keys()].map(hangUp));
  status.textContent = word;
  stream?.getTracks().forEach((track) => track.stop());
  socket.close();
  room.classList.add("over");
};

const told = {
  state: (message) => {
    if (message.state === "lobby") status.textContent = words.waiting;
    if (["ended", "full"].includes(message.state)) goOut(words[message.state]);
    if (message.state === "in") {
      relays = message.relays;
      switchDevices(message);
      showFilm(message.film);
      status.textContent = words.inside;
    }
  },
  devices: switchDevices,
  people: ({ people }) => showPeople(people),
  call: offerTo,
  signal: hear,
  gone: ({ peer }) => hangUp(peer),
  chat: showChat,
};

const doing = {
  hand: (button) => {
    const up = button.textContent === "Raise hand";
    button.textContent = up ? "Lower hand" : "Raise hand";
    say({ type: "hand", up });
  },
  microphone: (button) => {
    const mute = !button.dataset.muted;
    button.textContent = mute ? "Unmute microphone" : "Mute microphone";
    button.dataset.muted = mute ? "yes" : "";
    switchDevices();
  },
  leave: () => goOut(words.left),
  end: () => say({ type: "end" }),
};

find(".controls").addEventListener("click", ({ target }) => doing[target.dataset.do]?.(target));
find(".chat").addEventListener("submit", (event) => {
  event.preventDefault();
  const box = find(".chat input");
  if (box.value.trim()) say({ type: "chat", text: box.value.trim() });
  box.value = "";
});

const RETRY_MS = 2000;
const connect = () => {
  if (over) return;
  const protocol = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(Object.assign(new URL(room.dataset.signal, location), { protocol }));
  // One after the other: a candidate must not overtake the description that it belongs to.
  let queue = Promise.resolve();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    queue = queue.then(() => told[message.type]?.(message)).catch((error) => console.error(error));
  };
  socket.onclose = () => {
    if (over) return;
    status.textContent = "Connection lost. Reconnecting...";
    [...calls.keys()].forEach(hangUp);
    setTimeout(connect, RETRY_MS);
  };
};

try {
  stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  find(".own video").srcObject = stream;
  connect();
} catch (error) {
  status.textContent = `Your camera and microphone could not be used (${error.name})`;
}
