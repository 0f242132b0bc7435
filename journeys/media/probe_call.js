// Watches the connections of a page: when its call came up, what each has counted, and what was tried to find a path.
(own, probe) => {
  if (!window.RTCPeerConnection) return Object.assign(probe, { peers: [], readPeers: async () => [], readSamples: async () => [] });
  const SAMPLE_MS = 1000, SAMPLES = 900, ERRORS = 64;
  const peers = [], samples = [];
  const watchPeer = (peer) => {
    const watched = { peer, described: false, errors: new Map() };
    peers.push(watched);
    if (peers.length === 1) setInterval(sample, SAMPLE_MS);
    peer.addEventListener("signalingstatechange", () => (watched.described = true));
    peer.addEventListener("iceconnectionstatechange", () => {
      if (["connected", "completed"].includes(peer.iceConnectionState)) {
        probe.mark("ice_connected_ms");
        probe.quietly(sample)();
      }
    });
    peer.addEventListener("icecandidateerror", probe.quietly(({ url, errorCode, errorText }) => {
      // One a server is enough: each network interface tells the same again.
      if (watched.errors.size < ERRORS) watched.errors.set(`${url} ${errorCode}`, { server: url ?? "", code: errorCode, said: errorText ?? "" });
    }));
    peer.addEventListener("track", ({ track }) => {
      probe.warm();
      // A remote track is unmuted by its first packet (webrtc-pc, "muted").
      if (!track.muted) probe.mark("first_packet_ms");
      else track.addEventListener("unmute", () => probe.mark("first_packet_ms"), { once: true });
    });
  };
  const NativePeer = window.RTCPeerConnection, NativeSocket = window.WebSocket;
  const WatchedPeer = class RTCPeerConnection extends NativePeer {
    constructor(...given) { super(...given); watchPeer(this); }
  };
  const WatchedSocket = class WebSocket extends NativeSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("open", () => probe.mark("signalling_ms"), { once: true });
    }
  };
  const put = (name, value) => Object.defineProperty(window, name, { value, configurable: true, writable: true });
  put("RTCPeerConnection", WatchedPeer);
  if (window.webkitRTCPeerConnection) put("webkitRTCPeerConnection", WatchedPeer);
  put("WebSocket", WatchedSocket);

  // What was tried to find a way: addresses of servers without their credentials, and kinds of candidates without theirs.
  const readWay = ({ peer, errors }, stats) => {
    const rows = [...(stats?.values() ?? [])], of = (type) => rows.filter((row) => row.type === type);
    const servers = probe.quietly(() => peer.getConfiguration().iceServers.flatMap(({ urls }) => urls))() ?? [];
    return {
      gathering: peer.iceGatheringState,
      dtls: of("transport").map((row) => row.dtlsState)[0] ?? "",
      servers,
      errors: [...errors.values()],
      gathered: of("local-candidate").map((row) => ({ kind: row.candidateType, protocol: row.relayProtocol ?? row.protocol, server: row.url ?? "" })),
      received: of("remote-candidate").map((row) => ({ kind: row.candidateType, protocol: row.protocol, server: "" })),
    };
  };
  const readPeer = async (watched) => {
    const { peer, described } = watched;
    const state = { ice: peer.iceConnectionState, connection: peer.connectionState, described, answered: Boolean(peer.remoteDescription) };
    const totals = { video_packets: 0, audio_packets: 0, frames_received: 0, frames_decoded: 0, concealed: 0, lost: 0, received_bytes: 0, acknowledged: 0 };
    const over = { video_bytes: 0, audio_bytes: 0, jitter_ms: null };
    let path = null, stats = null;
    if (peer.connectionState !== "closed") {
      stats = await peer.getStats().catch(() => null);
      for (const row of stats?.values() ?? []) {
        if (row.type === "inbound-rtp") {
          totals[row.kind === "video" ? "video_packets" : "audio_packets"] += row.packetsReceived ?? 0;
          totals.frames_received += row.framesReceived ?? 0;
          totals.frames_decoded += row.framesDecoded ?? 0;
          totals.concealed += row.concealedSamples ?? 0;
          totals.lost += row.packetsLost ?? 0;
          totals.received_bytes += row.bytesReceived ?? 0;
          over[row.kind === "video" ? "video_bytes" : "audio_bytes"] += row.bytesReceived ?? 0;
          over.jitter_ms = Math.max(over.jitter_ms ?? 0, (row.jitter ?? 0) * 1000);
        }
        // The other side's own report of what it received from here: it may arrive there and not here.
        if (row.type === "remote-inbound-rtp") totals.acknowledged += Math.max(0, (stats.get(row.localId)?.packetsSent ?? 0) - (row.packetsLost ?? 0));
        if (row.type === "transport" && row.selectedCandidatePairId) path = readPath(stats, row.selectedCandidatePairId) ?? path;
      }
    }
    return { ...state, ...totals, path, over, way: readWay(watched, stats) };
  };
  // Once a second while a call is up: what a chart of it is drawn from.
  const sample = async () => {
    const open = await Promise.all(peers.filter(({ peer }) => peer.connectionState !== "closed").map(readPeer));
    if (!open.length || samples.length >= SAMPLES) return;
    const sum = (of) => open.reduce((total, peer) => total + of(peer), 0);
    const most = (values) => values.reduce((most, value) => (value == null ? most : Math.max(most ?? 0, value)), null);
    samples.push({
      at_ms: Date.now(),
      video_bytes: sum((peer) => peer.over.video_bytes),
      audio_bytes: sum((peer) => peer.over.audio_bytes),
      frames_decoded: sum((peer) => peer.frames_decoded),
      lost: sum((peer) => peer.lost),
      jitter_ms: most(open.map((peer) => peer.over.jitter_ms)),
      round_trip_ms: most(open.map((peer) => peer.path?.round_trip_ms)),
    });
  };
  const readPath = (stats, pairId) => {
    const pair = stats.get(pairId), here = stats.get(pair?.localCandidateId), there = stats.get(pair?.remoteCandidateId);
    if (!here) return null;
    return {
      protocol: here.relayProtocol ?? here.protocol,
      local: here.candidateType,
      remote: there?.candidateType ?? "",
      round_trip_ms: (pair.currentRoundTripTime ?? 0) * 1000,
    };
  };
  probe.peers = peers;
  probe.readPeers = () => Promise.all(peers.map(readPeer));
  /** The counters since the call came up, once a second. */
  probe.readSamples = async () => {
    await sample();
    return samples;
  };
}
