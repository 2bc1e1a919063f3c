// Speaks a file through Speechmatics' own client; prints what it is told, one JSON object a line.
// Usage: node speechmatics.js raw|file URL FILE OPTIONS. What is in FILE: raw samples, or a WAV file whose format is not
// told. OPTIONS is a JSON object of what to ask for. The client shows nothing but temporary keys, so it asks for one
// first. ForceEndOfUtterance comes at the end of raw samples, and the end once that is answered.
import { readFileSync } from "node:fs";
import { createSpeechmaticsJWT } from "@speechmatics/auth";
import { RealtimeClient } from "@speechmatics/real-time-client";

const [kind, url, file, options] = process.argv.slice(2);
const audio = readFileSync(file);
const say = (kind, value) => console.log(JSON.stringify({ kind, value }));
const client = new RealtimeClient({ url, appId: "tests" });
let end;
const ended = new Promise((resolve) => (end = resolve));
let answer;
const answered = new Promise((resolve) => (answer = resolve));

client.addEventListener("receiveMessage", ({ data }) => {
  say("message", data);
  if (data.forced && data.message === "EndOfUtterance") answer();
});
client.addEventListener("socketStateChange", ({ socketState }) => {
  say("state", socketState);
  if (socketState === "closed") {
    answer();
    end();
  }
});
try {
  const jwt = await createSpeechmaticsJWT({
    type: "rt",
    apiKey: "any-key",
    ttl: 60,
    managementPlatformURL: `${url.replace(/^ws/, "http").replace(/\/v2$/, "")}/v1`,
  });
  await client.start(jwt, {
    transcription_config: JSON.parse(options),
    ...(kind === "raw" && { audio_format: { type: "raw", encoding: "pcm_s16le", sample_rate: 16000 } }),
  });
  for (let at = 0; at < audio.length; at += 3200) client.sendAudio(audio.subarray(at, at + 3200));
  if (kind === "raw") {
    client.forceEndOfUtterance();
    await answered;
  }
  if (client.socketState === "open") await client.stopRecognition();
  say("finished");
} catch (error) {
  say("refused", { class: error.name, text: String(error.message), type: error.type });
}
if (client.socketState && client.socketState !== "closed") await ended;
process.exit(0); // a timer of the client runs on
