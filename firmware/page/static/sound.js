// The one sound of a result: the same whatever was found, so that nobody beside hears which.
const TONE_HZ = 660;
const LONG_S = 0.18;

let context = null;

export function chime() {
  context ??= new AudioContext();
  // Before anybody has touched the page the browser plays nothing, nor where nothing can play.
  if (context.state === "suspended") context.resume().catch(() => {});
  const now = context.currentTime;
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = TONE_HZ;
  volume.gain.setValueAtTime(0.2, now);
  volume.gain.linearRampToValueAtTime(0, now + LONG_S);
  tone.connect(volume).connect(context.destination);
  tone.start(now);
  tone.stop(now + LONG_S);
}
