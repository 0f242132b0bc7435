// Rows of one table: each asks a page's devices for something, and tells the answer without ids and times of the day.
// A browser with ordinary fake devices answers it, and so does one with the signed camera; this file knows neither.
({
  // What a page is allowed: asked in every kind of page and frame.
  places: {
    permissions: async () => [await permission("camera"), await permission("microphone")],
    both: () => ask({ audio: true, video: true }),
    camera: () => ask({ video: true }),
    microphone: () => ask({ audio: true }),
    "camera that cannot be": () => ask({ video: { width: { exact: 99999 } } }),
    "device that is not there": () => ask({ audio: { deviceId: { exact: "no" } } }),
    nothing: () => ask({ audio: false }),
    old: () => askOld("webkitGetUserMedia", { video: true }),
    "old for both": () => askOld("getUserMedia", { audio: true, video: true }),
    devices: list,
    window: () => [isSecureContext, typeof navigator.mediaDevices, typeof navigator.mediaDevices?.getUserMedia],
    "policy of the frame": () => ["camera", "microphone"].map((name) => document.featurePolicy?.allowsFeature(name)),
  },
  // What the devices are: asked in one page that may use them.
  tracks: {
    "no argument": () => answer(() => navigator.mediaDevices.getUserMedia()),
    null: () => ask(null),
    "a number": () => ask(5),
    "a video constraint that is no object": () => ask({ video: 7 }),
    "a bare function": () => answer(() => (0, navigator.mediaDevices.getUserMedia)({ audio: true })),
    "on another object": () => answer(() => navigator.mediaDevices.getUserMedia.call({}, { audio: true })),
    "a getter that throws": () => ask({ get video() { throw new RangeError("mine"); } }),
    "ideal size": () => settings({ video: { width: { ideal: 1280 }, height: { ideal: 720 } } }),
    "bare size": () => settings({ video: { width: 640, height: 480 } }),
    "exact size": () => settings({ video: { width: { exact: 800 }, height: { exact: 600 } } }),
    "least size": () => settings({ video: { width: { min: 1920 } } }),
    "least size beyond it": () => ask({ video: { height: { min: 9000 } } }),
    "greatest size": () => settings({ video: { width: { max: 320 } } }),
    "square": () => settings({ video: { aspectRatio: { exact: 1 } } }),
    "frame rate, least": () => ask({ video: { frameRate: { min: 120 } } }),
    "frame rate, ideal": () => settings({ video: { frameRate: { ideal: 30 } } }),
    "frame rate, greatest": () => settings({ video: { frameRate: { max: 10 } } }),
    "facing, exact": () => ask({ video: { facingMode: { exact: "environment" } } }),
    "facing, bare": () => settings({ video: { facingMode: "user" } }),
    "facing, a list": () => settings({ video: { facingMode: ["user", "environment"] } }),
    "camera, exact": async () => settings({ video: { deviceId: { exact: await idOf("videoinput") } } }, await idOf("videoinput")),
    "camera, bare": async () => settings({ video: { deviceId: await idOf("videoinput") } }, await idOf("videoinput")),
    "camera, wrong": () => ask({ video: { deviceId: { exact: "firstbell-videoinput" } } }),
    "camera, wrong but not exact": () => settings({ video: { deviceId: "gone since" } }),
    "camera, empty": () => settings({ video: { deviceId: { exact: "" } } }),
    "camera by its group": async () => settings({ video: { groupId: { exact: (await deviceOf("videoinput")).groupId } } }),
    "second microphone": async () => settings({ audio: { deviceId: { exact: await idOf("audioinput", 1) } } }, await idOf("audioinput", 1)),
    "microphone as camera": async () => ask({ video: { deviceId: { exact: await idOf("audioinput", 1) } } }),
    "sound as it is": () => settings({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } }),
    "two channels": () => settings({ audio: { channelCount: { exact: 2 } } }),
    "too many channels": () => ask({ audio: { channelCount: { exact: 64 } } }),
    "a rate": () => ask({ audio: { sampleRate: { exact: 16000 } } }),
    advanced: () => settings({ video: { width: 640, advanced: [{ width: 1280 }, { aspectRatio: 1 }] } }),
    "an unknown word": () => settings({ video: { colour: { exact: "red" } } }),
    "old words": () => settings({ video: { mandatory: { minWidth: 800 }, optional: [{ maxWidth: 1000 }] } }),
    "old words that cannot be": () => ask({ video: { mandatory: { minWidth: 99999 } } }),
    "pan, tilt, zoom": () => settings({ video: { pan: true, zoom: true } }),
    "one good, one that cannot be": () => ask({ audio: true, video: { width: { exact: 99999 } } }),
    capabilities: () => each({ audio: true, video: true }, (track) => track.getCapabilities()),
    "capabilities of a listed device": async () => (await navigator.mediaDevices.enumerateDevices())
      .filter(({ kind }) => kind !== "audiooutput").map((device) => [device.constructor.name, device instanceof InputDeviceInfo, named(device.getCapabilities())]),
    constraints: () => each({ audio: { echoCancellation: true }, video: { width: { ideal: 640 }, height: 480 } }, (track) => track.getConstraints()),
    "no constraints": () => each({ audio: true, video: true }, (track) => track.getConstraints()),
    "what a track is": () => each({ audio: true, video: true }, (track) => [
      track instanceof MediaStreamTrack, track.constructor.name, String(track), Object.keys(track), track.kind, track.label,
      track.enabled, track.muted, track.readyState, track.contentHint, typeof track.id, track.id.length,
    ]),
    "label and list": async () => {
      const listed = await navigator.mediaDevices.enumerateDevices();
      return each({ audio: true, video: true }, (track) => listed.findIndex((device) =>
        device.kind === `${track.kind}input` && device.label === track.label && device.deviceId === track.getSettings().deviceId));
    },
    "what a stream is": async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      const [first] = stream.getTracks(), told = [];
      const facts = [stream instanceof MediaStream, stream.constructor.name, stream.active, stream.id.length,
        stream.getTracks().map(({ kind }) => kind), stream.getTrackById(first.id) === first, stream.getAudioTracks()[0] === first,
        stream.getTracks()[0] === first];
      stream.onremovetrack = stream.onaddtrack = stream.oninactive = stream.onactive = ({ type }) => told.push(type);
      await rest(100);
      stop(stream);
      await rest(50);
      return [...facts, stream.active, told];
    },
    "settings are the page's to change": () => each({ video: true }, (track) => {
      Object.assign(track.getSettings(), { width: 1 });
      Object.assign(track.getConstraints(), { width: 1 });
      return [track.getSettings().width, track.getConstraints().width];
    }),
    "apply what can be": () => each({ video: true }, async (track) => {
      const said = await answer(() => track.applyConstraints({ width: 320, height: 240 }));
      return [said, named(track.getSettings()), track.getConstraints(), track.readyState];
    }),
    "apply what cannot be": () => each({ video: { width: 640 } }, async (track) => {
      const said = await answer(() => track.applyConstraints({ width: { exact: 99999 } }));
      return [said, named(track.getSettings()), track.getConstraints(), track.readyState];
    }),
    "apply nothing": () => each({ audio: true, video: { width: 800 } }, async (track) => [await answer(() => track.applyConstraints()), track.getConstraints()]),
    "apply no object": () => each({ video: true }, (track) => answer(() => track.applyConstraints(7))),
    "apply twice": () => each({ video: true }, async (track) => {
      const said = [await answer(() => track.applyConstraints({ width: 640, frameRate: { max: 10 } }))];
      said.push(await answer(() => track.applyConstraints({ height: { exact: 360 } })));
      return [said, named(track.getSettings()), track.getConstraints()];
    }),
    "apply to sound": () => each({ audio: true }, async (track) => {
      const said = await answer(() => track.applyConstraints({ echoCancellation: { exact: false } }));
      return [said, named(track.getSettings()), track.getConstraints()];
    }),
    "apply after the end": () => each({ audio: true, video: true }, async (track) => {
      track.stop();
      return [await answer(() => track.applyConstraints({ width: { exact: 640 } })), track.getConstraints()];
    }),
    "apply to no track": () => answer(() => MediaStreamTrack.prototype.applyConstraints.call({}, {})),
    "settings of no track": () => answer(async () => MediaStreamTrack.prototype.getSettings.call({})),
    "after the end": () => each({ audio: true, video: true }, async (track) => {
      let told = 0;
      track.onended = () => (told += 1);
      track.stop();
      await rest(50);
      return [track.readyState, track.enabled, track.muted, track.label, told, named(track.getSettings()), named(track.getCapabilities())];
    }),
    "off and on": () => each({ audio: true, video: true }, async (track) => {
      const told = [];
      track.onmute = track.onunmute = ({ type }) => told.push(type);
      track.enabled = false;
      await rest(50);
      const off = [track.enabled, track.muted, track.readyState];
      track.enabled = true;
      return [off, track.enabled, told];
    }),
    copy: () => each({ audio: true, video: { width: 800 } }, (track) => {
      track.enabled = false;
      const copy = track.clone(), same = copy.id === track.id;
      track.stop();
      const facts = [same, copy.enabled, copy.readyState, copy.label, copy.constructor.name, named(copy.getSettings()), copy.getConstraints()];
      copy.stop();
      return [...facts, copy.readyState];
    }),
    "copy of an ended one": () => each({ video: true }, (track) => {
      track.stop();
      const copy = track.clone();
      return [copy.readyState, copy.label, named(copy.getSettings())];
    }),
    "a copy has constraints of its own": () => each({ video: { width: 640, height: 480 } }, async (track) => {
      const copy = track.clone();
      await copy.applyConstraints({ width: 320, height: 240 });
      const facts = [named(copy.getSettings()), named(track.getSettings())];
      copy.stop();
      return [facts, track.readyState];
    }),
    "copy of a stream": async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true }), copy = stream.clone();
      stop(stream);
      const facts = copy.getTracks().map((track) => [track.readyState, track.label, track.constructor.name, named(track.getSettings())]);
      const others = [copy.id === stream.id, copy.active, stream.active];
      stop(copy);
      return [facts, others, copy.active];
    },
    "stream of tracks": async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true }), other = new MediaStream(stream.getVideoTracks());
      const [track] = other.getTracks(), facts = [track === stream.getVideoTracks()[0], track.label];
      stop(stream);
      return [...facts, other.active];
    },
    "the same device twice": async () => {
      const [one, two] = [await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } }), await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } })];
      const tracks = [one, two].map((stream) => stream.getVideoTracks()[0]);
      const facts = [tracks[0] === tracks[1], tracks[0].id === tracks[1].id, tracks.map((track) => named(track.getSettings()))];
      tracks[0].stop();
      const left = [tracks[1].readyState, two.active];
      stop(two);
      return [facts, left];
    },
    "larger, then smaller": async () => {
      const [one, two] = [await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } }), await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } })];
      const facts = [one, two].map((stream) => named(stream.getVideoTracks()[0].getSettings()));
      [one, two].forEach(stop);
      return facts;
    },
    "exact, larger than the open one": () => each({ video: { width: 640, height: 480 } }, () => settings({ video: { width: { exact: 1280 }, height: { exact: 720 } } })),
    "exact, smaller than the open one": () => each({ video: { width: 640, height: 480 } }, () => settings({ video: { width: { exact: 320 } } })),
    "exact rate beside an open one": () => each({ video: { frameRate: { exact: 5 } } }, () => settings({ video: { frameRate: { exact: 15 } } })),
    "larger after the first one's end": () => each({ video: { width: 640, height: 480 } }, async (track) => {
      track.stop();
      return settings({ video: { width: 1280, height: 720 } });
    }),
    "larger after the first one's end, with a copy left": () => each({ video: { width: 640, height: 480 } }, async (track) => {
      const copy = track.clone();
      track.stop();
      const facts = await settings({ video: { width: 1280, height: 720 } });
      copy.stop();
      return [facts, await settings({ video: { width: 1280, height: 720 } })];
    }),
    "larger beside one that was made smaller": () => each({ video: { width: 1280, height: 720 } }, async (track) => {
      await track.applyConstraints({ width: 320, height: 240 });
      return [named(track.getSettings()), await settings({ video: { width: 1280, height: 720 } })];
    }),
    "plain sound beside an open one": () => each({ audio: true }, () => settings({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 2 } })),
    "exact plain sound beside an open one": () => each({ audio: true }, () => settings({ audio: { echoCancellation: { exact: false } } })),
    "sound made plain beside a copy": () => each({ audio: true }, async (track) => {
      const copy = track.clone(), said = await answer(() => copy.applyConstraints({ echoCancellation: { exact: false } }));
      copy.stop();
      return said;
    }),
    "sound first, camera later": async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const later = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
      stream.addTrack(later.getVideoTracks()[0]);
      const facts = stream.getTracks().map((track) => [track.kind, track.label, named(track.getSettings())]);
      stop(stream);
      return facts;
    },
    "ten at once": async () => {
      const streams = await Promise.all(Array.from({ length: 10 }, () => navigator.mediaDevices.getUserMedia({ audio: true, video: true })));
      const facts = [new Set(streams.flatMap((stream) => stream.getTracks().map(({ id }) => id))).size, streams.every(({ active }) => active)];
      streams.forEach(stop);
      return facts;
    },
    "in a call": async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true }), peer = new RTCPeerConnection();
      const senders = stream.getTracks().map((track) => peer.addTrack(track, stream));
      const [video] = stream.getVideoTracks(), spare = video.clone(), sender = senders.find(({ track }) => track === video);
      const facts = [Boolean(sender), senders.map(({ track }) => track.label)];
      const said = [await answer(() => sender.replaceTrack(spare)), sender.track === spare];
      said.push(await answer(() => sender.replaceTrack(stream.getAudioTracks()[0])), await answer(() => sender.replaceTrack(null)), sender.track);
      peer.close();
      const left = stream.getTracks().map(({ readyState }) => readyState);
      [stream, new MediaStream([spare])].forEach(stop);
      return [facts, said, left];
    },
    "on a video": async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { exact: 800 }, height: { exact: 600 } } });
      const video = Object.assign(document.createElement("video"), { muted: true, srcObject: stream });
      document.body.append(video);
      await video.play();
      const facts = [video.videoWidth, video.videoHeight, video.srcObject === stream, video.readyState > 1];
      video.remove();
      stop(stream);
      return facts;
    },
    "shape of a small video": async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } });
      const video = Object.assign(document.createElement("video"), { muted: true, srcObject: stream });
      await video.play();
      stop(stream);
      return Math.round((100 * video.videoWidth) / video.videoHeight);
    },
    recorded: async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true }), recorder = new MediaRecorder(stream);
      const blob = new Promise((resolve) => (recorder.ondataavailable = ({ data }) => resolve(data)));
      recorder.start();
      await rest(300);
      recorder.stop();
      const facts = [(await blob).size > 0, recorder.mimeType];
      stop(stream);
      return facts;
    },
    "heard by Web Audio": async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true }), context = new AudioContext();
      const source = context.createMediaStreamSource(stream), facts = [source.mediaStream === stream, source.channelCount];
      await context.close();
      stop(stream);
      return facts;
    },
    "list before and after": async () => {
      const before = await list(), stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true }), during = await list();
      stop(stream);
      return [before, during, await list()];
    },
    "listed devices": async () => (await navigator.mediaDevices.enumerateDevices())
      .map((device) => [String(device), device.constructor.name, Object.keys(device), Object.keys(device.toJSON())]),
    "permission after": async () => {
      stop(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
      return [await permission("camera"), await permission("microphone")];
    },
    "old, with a callback": () => askOld("getUserMedia", { audio: true, video: { width: 640 } }),
    "old, refused": () => askOld("webkitGetUserMedia", { video: { width: { exact: 99999 } } }),
    "old, no callback": () => answer(async () => navigator.webkitGetUserMedia({ video: true })),
    "old, settings": () => new Promise((resolve, reject) => navigator.webkitGetUserMedia({ video: true }, (stream) => {
      const [track] = stream.getTracks();
      resolve([track.label, named(track.getSettings())]);
      track.stop();
    }, reject)),
    functions: () => [
      [MediaDevices.prototype, ["getUserMedia", "enumerateDevices", "getDisplayMedia"]], [Navigator.prototype, ["getUserMedia", "webkitGetUserMedia"]],
      [MediaStreamTrack.prototype, ["getSettings", "getConstraints", "getCapabilities", "applyConstraints", "clone", "stop", "label"]], [MediaStream.prototype, ["clone"]],
    ].flatMap(([prototype, names]) => names.map((name) => {
      const { value, get, ...rest } = Object.getOwnPropertyDescriptor(prototype, name);
      return [name, rest, value?.name, value?.length, get?.name];
    })),
    "supported constraints": () => navigator.mediaDevices.getSupportedConstraints(),
    "own properties of the devices": () => Object.getOwnPropertyNames(navigator.mediaDevices),
    "devicechange": async () => {
      let told = 0;
      navigator.mediaDevices.ondevicechange = () => (told += 1);
      stop(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
      await rest(100);
      return told;
    },
    "tracks of a canvas stay their own": () => {
      const [track] = document.createElement("canvas").captureStream().getTracks();
      return [track.constructor.name, track.label === "", Object.keys(track.getSettings()).sort(), track.clone().constructor.name];
    },
    "tracks of Web Audio stay their own": () => {
      const [track] = new AudioContext().createMediaStreamDestination().stream.getTracks();
      return [track.label, Object.keys(track.getSettings()).sort(), Object.keys(track.getCapabilities()).sort()];
    },
    "a screen": async () => [await answer(() => navigator.mediaDevices.getDisplayMedia({ video: true, audio: false }))].map(([said]) => said),
  },
})
