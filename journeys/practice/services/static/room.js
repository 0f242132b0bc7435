// Browser side of a room: shows the server's messages, sends the user's actions to it, and calls other pages directly.
const room = document.querySelector(".room");
const words = JSON.parse(room.dataset.words);
const find = (selector) => room.querySelector(selector);
const status = find("[role=status]");
const calls = new Map();
let socket, stream, relays = [], over = false;

const send = (message) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));

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

// The class of another teacher: shows its picture; participants here are not part of it.
const showFilm = (name) => {
  if (!name) return;
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const painter = canvas.getContext("2d");
  let turn = 0;
  setInterval(() => {
    painter.fillStyle = "#8a6a3b";
    painter.fillRect(0, 0, 320, 240);
    painter.fillStyle = "#f1e4c8";
    painter.fillRect(40 + 30 * Math.sin(turn += 0.2), 60, 120, 140);
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
  if (devices.still) setTimeout(() => devices.still && switchPicture(stillTrack()), FREEZES_AFTER_MS);
  connection.onicecandidate = ({ candidate }) => candidate && send({ type: "signal", peer, candidate });
  connection.ontrack = ({ streams }) => (call.figure.querySelector("video").srcObject = streams[0]);
  return call;
};

// Counts the frames that this page has sent in a call. The school adds them up, to check what the other end measures.
const framesSent = async ({ connection }) =>
  [...(await connection.getStats()).values()]
    .filter(({ type, kind }) => type === "outbound-rtp" && kind === "video")
    .reduce((total, { framesSent }) => total + (framesSent ?? 0), 0);

const hangUp = async (peer) => {
  const call = calls.get(peer);
  if (!call) return;
  calls.delete(peer);
  call.figure.remove();
  send({ type: "frames", sent: await framesSent(call) });
  call.connection.close();
};

const offerTo = async ({ peer, name }) => {
  const { connection } = callWith(peer, name);
  await connection.setLocalDescription();
  send({ type: "signal", peer, description: connection.localDescription });
};

const receiveSignal = async ({ peer, name, description, candidate }) => {
  const { connection, early } = callWith(peer, name);
  if (description) {
    await connection.setRemoteDescription(description);
    for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate);
    if (description.type === "offer") {
      await connection.setLocalDescription();
      send({ type: "signal", peer, description: connection.localDescription });
    }
  } else if (candidate) {
    if (connection.remoteDescription) await connection.addIceCandidate(candidate);
    else early.push(candidate);
  }
};

// A camera that freezes shortly after a call begins: it repeats one picture.
const FREEZES_AFTER_MS = 3000;
let still;
const stillTrack = () => {
  if (still) return still;
  const live = find(".own video"), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [live.videoWidth, live.videoHeight];
  const painter = canvas.getContext("2d");
  painter.drawImage(live, 0, 0);
  const picture = painter.getImageData(0, 0, canvas.width, canvas.height);
  setInterval(() => painter.putImageData(picture, 0, 0), 66);
  return (still = canvas.captureStream(15).getVideoTracks()[0]);
};
const switchPicture = (track) => {
  for (const { connection } of calls.values())
    connection.getSenders().find((sender) => sender.track?.kind === "video")?.replaceTrack(track);
};

// Device state from the server; a microphone that the server switches off stays off whatever is clicked here.
let devices = { picture: true, sound: true, still: false };
const switchDevices = (message = devices) => {
  const { picture = true, sound = true, still = false } = message;
  if (calls.size && still !== devices.still) switchPicture(still ? stillTrack() : stream.getVideoTracks()[0]);
  devices = { picture, sound, still };
  for (const track of stream.getVideoTracks()) track.enabled = picture;
  for (const track of stream.getAudioTracks()) track.enabled = sound && !find("[data-do=microphone]").dataset.muted;
};

// --- coming and going --------------------------------------------------------------------------------------------
const leaveRoom = async (text) => {
  over = true;
  await Promise.all([...calls.keys()].map(hangUp));
  status.textContent = text;
  stream?.getTracks().forEach((track) => track.stop());
  socket.close();
  room.classList.add("over");
};

const handlers = {
  state: (message) => {
    if (message.state === "lobby") status.textContent = words.waiting;
    if (["ended", "full"].includes(message.state)) leaveRoom(words[message.state]);
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
  signal: receiveSignal,
  gone: ({ peer }) => hangUp(peer),
  chat: showChat,
};

const actions = {
  hand: (button) => {
    const up = button.textContent === "Raise hand";
    button.textContent = up ? "Lower hand" : "Raise hand";
    send({ type: "hand", up });
  },
  microphone: (button) => {
    const mute = !button.dataset.muted;
    button.textContent = mute ? "Unmute microphone" : "Mute microphone";
    button.dataset.muted = mute ? "yes" : "";
    switchDevices();
  },
  leave: () => leaveRoom(words.left),
  end: () => send({ type: "end" }),
};

find(".controls").addEventListener("click", ({ target }) => actions[target.dataset.do]?.(target));
find(".chat").addEventListener("submit", (event) => {
  event.preventDefault();
  const box = find(".chat input");
  if (box.value.trim()) send({ type: "chat", text: box.value.trim() });
  box.value = "";
});

const RETRY_MS = 2000;
const connect = () => {
  if (over) return;
  const protocol = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(Object.assign(new URL(room.dataset.signal, location), { protocol }));
  // In order: a candidate must not overtake its description.
  let queue = Promise.resolve();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    queue = queue.then(() => handlers[message.type]?.(message)).catch((error) => console.error(error));
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
