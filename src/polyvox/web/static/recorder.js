// The microphone, as a file.

const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const BITS = 128_000; // a second
const INSECURE =
  "Browsers give the microphone only to pages from https:// or localhost. Open this page that " +
  "way, or choose a file.";
const REASONS = {
  NotAllowedError:
    "The browser does not let this page use the microphone. Allow it beside the address, or " +
    "choose a file.",
  NotFoundError: "There is no microphone. Connect one, or choose a file.",
  NotReadableError: "Another program holds the microphone. Close it, or choose a file.",
};

export class Recorder {
  #context = new AudioContext();
  #ear;
  #recorder;
  #since = performance.now();
  #stream;

  /** Begins to record. Throws an Error in words when there is nothing to record with. */
  static async begin() {
    if (!navigator.mediaDevices) throw new Error(INSECURE);
    const wanted = { audio: { channelCount: 1, ...AS_IT_IS } };
    return new Recorder(
      await navigator.mediaDevices.getUserMedia(wanted).catch((error) => {
        throw new Error(REASONS[error.name] ?? `The microphone does not work: ${error.message}`);
      }),
    );
  }

  constructor(stream) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const pieces = [];
    this.#stream = stream;
    this.#ear = new AnalyserNode(this.#context, { fftSize: 2048 });
    this.#context.createMediaStreamSource(stream).connect(this.#ear);
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS });
    this.#recorder.ondataavailable = ({ data }) => pieces.push(data);
    /** Resolves with the file, when `stop` was called or the microphone was taken away. */
    this.finished = new Promise((resolve) => {
      this.#recorder.onstop = () => {
        this.#letGo();
        const type = this.#recorder.mimeType.split(";")[0];
        resolve(new File(pieces, `recording.${type.split("/")[1]}`, { type }));
      };
    });
    this.#recorder.start(1000);
  }

  get seconds() {
    return (performance.now() - this.#since) / 1000;
  }

  /** Amplitude of the latest moment, 0 to 1. */
  get level() {
    const samples = new Float32Array(this.#ear.fftSize);
    this.#ear.getFloatTimeDomainData(samples);
    return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  }

  stop() {
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
  }

  #letGo() {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context.close();
  }
}
