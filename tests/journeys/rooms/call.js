// The call of a likeness: everybody with everybody, by messages that the server keeps and each page asks for.
window.openRoom = (room, name, on) => {
  const me = Math.random().toString(36).slice(2);
  const peers = new Map(), people = new Map([[me, { name, hand: false }]]);
  let local = null, seen = 0, isOpen = true;
  const send = (kind, data = {}, to = "") =>
    fetch(`/say?room=${room}`, { method: "POST", body: JSON.stringify({ from: me, name, to, kind, ...data }), keepalive: true });
  const told = () => on.people?.([...people].map(([id, one]) => ({ ...one, isMe: id === me })));
  const gathered = (peer) => new Promise((done) => {
    if (peer.iceGatheringState === "complete") done();
    peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
  });
  const peerFor = (id) => {
    const peer = new RTCPeerConnection();
    peers.set(id, peer);
    for (const track of local?.getTracks() ?? []) peer.addTrack(track, local);
    peer.ontrack = ({ streams }) => on.video?.(id, people.get(id)?.name ?? "", streams[0]);
    return peer;
  };
  const call = async (id) => {
    const peer = peerFor(id);
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    send("offer", { sdp: peer.localDescription.sdp }, id);
  };
  const gone = (id) => { peers.get(id)?.close(); peers.delete(id); people.delete(id); on.gone?.(id); told(); };
  const heard = {
    async here({ from, name }) { people.set(from, { name, hand: false }); told(); send("welcome", {}, from); if (local) await call(from); },
    welcome({ from, name }) { people.set(from, { name, hand: false }); told(); },
    async offer({ from, sdp }) {
      const peer = peerFor(from);
      await peer.setRemoteDescription({ type: "offer", sdp });
      await peer.setLocalDescription(await peer.createAnswer());
      await gathered(peer);
      send("answer", { sdp: peer.localDescription.sdp }, from);
    },
    async answer({ from, sdp }) { await peers.get(from)?.setRemoteDescription({ type: "answer", sdp }); },
    chat({ name, text }) { on.chat?.(name, text); },
    hand({ from }) { if (people.has(from)) people.get(from).hand = true; told(); },
    knock({ from, name }) { on.knock?.(from, name); },
    admit({ to }) { if (to === me) on.admitted?.(); },
    bye({ from }) { gone(from); },
    end() { on.ended?.(); },
  };
  const loop = async () => {
    while (isOpen) {
      const news = await (await fetch(`/hear?room=${room}&after=${seen}`)).json();
      for (const message of news) {
        seen += 1;
        if ((message.from !== me || message.kind === "end" || message.kind === "chat") && (!message.to || message.to === me)) await heard[message.kind](message);
      }
      if (!news.length) await new Promise((done) => setTimeout(done, 60));
    }
  };
  const start = fetch(`/hear?room=${room}&after=0`).then((answer) => answer.json()).then((all) => { seen = all.length; loop(); });
  return {
    async join(stream) { await start; local = stream; told(); await send("here"); },
    async share(stream) { local = stream; for (const id of people.keys()) if (id !== me) await call(id); },
    knock: async () => { await start; send("knock"); },
    admit: (id) => send("admit", {}, id),
    say: (text) => send("chat", { text }),
    hand() { people.get(me).hand = true; told(); send("hand"); },
    leave() { send("bye"); isOpen = false; for (const peer of peers.values()) peer.close(); },
    end: () => send("end"),
  };
};
window.devices = () => navigator.mediaDevices.getUserMedia({ audio: true, video: true });
window.screenOf = (stream, into, id) => {
  if (document.getElementById(`video-${id}`)) return;
  const video = Object.assign(document.createElement("video"), { id: `video-${id}`, autoplay: true, playsInline: true, srcObject: stream });
  into.append(video);
  video.play();
};
