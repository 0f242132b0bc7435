// A room in the browser: what the server tells is shown, what people do is told to the server, calls go page to page.
const room = document.querySelector(".room");
const words = JSON.parse(room.dataset.words);
const find = (selector) => room.querySelector(selector);
const status = find("[role=status]");
const calls = new Map();
let socket, stream, over = false;

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

const showChat = ({ name, text }) => {
  const line = Object.assign(document.createElement("p"), { textContent: `${name}: ${text}` });
  find("[role=log]").append(line);
  line.scrollIntoView({ block: "nearest" });
};

// --- calls -----------------------------------------------------------------------------------------------------
const callWith = (peer, name) => {
  if (calls.has(peer)) return calls.get(peer);
  const connection = new RTCPeerConnection();
  const call = { connection, figure: figureFor(name), early: [] };
  calls.set(peer, call);
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  connection.onicecandidate = ({ candidate }) => candidate && say({ type: "signal", peer, candidate });
  connection.ontrack = ({ streams }) => (call.figure.querySelector("video").srcObject = streams[0]);
  return call;
};

const hangUp = (peer) => {
  const call = calls.get(peer);
  call?.connection.close();
  call?.figure.remove();
  calls.delete(peer);
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

// What the server says of the devices; a microphone that is off there stays off whatever is clicked here.
let devices = { picture: true, sound: true };
const switchDevices = ({ picture = true, sound = true } = devices) => {
  devices = { picture, sound };
  for (const track of stream.getVideoTracks()) track.enabled = picture;
  for (const track of stream.getAudioTracks()) track.enabled = sound && !find("[data-do=microphone]").dataset.muted;
};

// --- coming and going --------------------------------------------------------------------------------------------
const goOut = (word) => {
  over = true;
  status.textContent = word;
  [...calls.keys()].forEach(hangUp);
  stream?.getTracks().forEach((track) => track.stop());
  socket.close();
  room.classList.add("over");
};

const told = {
  state: (message) => {
    if (message.state === "lobby") status.textContent = words.waiting;
    if (message.state === "ended") goOut(words.ended);
    if (message.state === "in") {
      switchDevices(message);
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

try {
  stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  find(".own video").srcObject = stream;
  socket = new WebSocket(Object.assign(new URL(room.dataset.signal, location), { protocol: "ws:" }));
  // One after the other: a candidate must not overtake the description that it belongs to.
  let queue = Promise.resolve();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    queue = queue.then(() => told[message.type]?.(message)).catch((error) => console.error(error));
  };
  socket.onclose = () => over || (status.textContent = "The connection to the room was lost");
} catch (error) {
  status.textContent = `Your camera and microphone could not be used (${error.name})`;
}
