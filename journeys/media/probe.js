// Answers the media probe in a page. Only numbers leave the page, and pictures of our own camera; nothing is kept.
// Everything is guarded: a page must never notice, whatever it does with its own elements and connections.
(own, probe) => {
  // Looks come every quarter of a second, on a loaded machine every second.
  const HOT_MS = 1500, BEAT_MS = 100;
  const marks = {};
  let hotUntil = 0, isBeating = false, lostMs = 0;
  probe.has = (name) => name in marks;
  probe.mark = (name) => (marks[name] ??= performance.now());
  probe.isHot = () => performance.now() < hotUntil;
  probe.quietly = (deed) => (...given) => {
    try { return deed(...given); } catch (error) { own.trouble = String(error); }
  };
  // A timer that comes late says how long nothing on this page could be looked at.
  const beat = () => {
    isBeating = probe.isHot();
    if (!isBeating) return;
    const due = performance.now() + BEAT_MS;
    setTimeout(() => {
      lostMs += Math.max(0, performance.now() - due - BEAT_MS);
      beat();
    }, BEAT_MS);
  };
  probe.warm = () => {
    hotUntil = performance.now() + HOT_MS;
    if (!isBeating) beat();
  };

  /** What is new since the last call, after `waitMs`. */
  own.news = async ({ toneHz, actorId, waitMs, anew }) => {
    probe.quietly(probe.find)();
    const isIdle = !probe.peers.length && !probe.hasPictures() && !probe.hasSounds();
    if (!isIdle) probe.warm();
    probe.quietly(probe.lookFor)(actorId, anew);
    probe.quietly(probe.readSounds)(toneHz);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const navigation = performance.getEntriesByType("navigation")[0], lost = lostMs;
    lostMs = 0;
    return {
      at_ms: Date.now(),
      own_id: own.actorId ?? -1,
      origin_ms: performance.timeOrigin,
      page_ms: navigation?.domContentLoadedEventEnd || null,
      marks,
      lost_ms: lost,
      is_idle: isIdle,
      shown: probe.countShown(),
      pictures: probe.takePictures(waitMs),
      sounds: probe.quietly(probe.readSounds)(toneHz) ?? [],
      peers: await probe.readPeers(),
      trouble: own.trouble ?? "",
    };
  };
  own.stills = (actorId) => probe.readStills(actorId);
  /** What each connection has counted by now, without a look at any picture. */
  own.counted = () => probe.readPeers();
  own.samples = () => probe.readSamples();
}
