// Asks AssemblyAI's own SDK for a temporary token of v3, and speaks a file of raw samples with it in place of the key;
// prints what it is told, one JSON object a line. Usage: node assemblyai_v3.js PACKAGE URL FILE KEY, the URL as
// https://HOST:PORT.
import { readFileSync } from "node:fs";

const [name, url, file, apiKey] = process.argv.slice(2);
const { AssemblyAI } = await import(name);
const audio = readFileSync(file);
const say = (kind, value) => console.log(JSON.stringify({ kind, value }));

const client = new AssemblyAI({ apiKey, streamingBaseUrl: url });
try {
  const token = await client.streaming.createTemporaryToken({
    expires_in_seconds: 60,
    max_session_duration_seconds: 600,
  });
  say("granted");
  const websocketBaseUrl = `${url.replace(/^http/, "ws")}/v3/ws`;
  const transcriber = new AssemblyAI({ apiKey: "" }).streaming.transcriber({ websocketBaseUrl, token, sampleRate: 16000 });
  transcriber.on("open", (begin) => say("open", { lasts: begin.expires_at - Date.now() / 1000 }));
  transcriber.on("turn", (turn) => say("turn", { text: turn.transcript, end: turn.end_of_turn }));
  transcriber.on("error", (error) => say("error", { text: String(error.message) }));
  await transcriber.connect();
  for (let at = 0; at < audio.length; at += 3200) transcriber.sendAudio(audio.subarray(at, at + 3200));
  await transcriber.close();
  say("finished");
} catch (error) {
  say("refused", { text: String(error.message) });
}
