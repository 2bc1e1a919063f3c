// Speaks a file of raw samples through Gladia's own SDK; prints what it is told, one JSON object a line.
// Usage: node gladia.js URL FILE MILLISECONDS_PER_CHUNK
import { readFileSync } from "node:fs";
import { GladiaClient } from "@gladiaio/sdk";

const [url, file, pause] = process.argv.slice(2);
const audio = readFileSync(file);
const session = new GladiaClient({ apiKey: "any-key", apiUrl: url }).liveV2().startSession({
  sample_rate: 16000,
  endpointing: 0.5,
  messages_config: { receive_partial_transcripts: true },
});
for (const kind of ["started", "connecting", "message", "ended"]) {
  session.on(kind, (value) => console.log(JSON.stringify({ kind, value })));
}
session.on("error", (error) => console.log(JSON.stringify({ kind: "error", value: String(error) })));

let at = 0;
const timer = setInterval(() => {
  if (at < audio.length) {
    session.sendAudio(audio.subarray(at, at + 3200));
    at += 3200;
  } else {
    clearInterval(timer);
    session.stopRecording();
  }
}, Number(pause));
