// Speaks a file of raw samples through AssemblyAI's own SDK, the half of it that is of old; prints what it is told, one
// JSON object a line. Usage: node assemblyai_v2.js PACKAGE URL FILE OPTIONS. OPTIONS is a JSON object of what to tell the
// transcriber; with "grant" in it, a temporary token is asked for first and shown instead of the key, and with "force"
// the end of the last utterance is, whose text that is.
import { readFileSync } from "node:fs";

const [name, url, file, options] = process.argv.slice(2);
const { AssemblyAI } = await import(name);
const audio = readFileSync(file);
const { force, grant, ...asked } = JSON.parse(options);
const say = (kind, value) => console.log(JSON.stringify({ kind, value }));

const client = new AssemblyAI({ apiKey: "any-key", baseUrl: url });
if (grant) asked.token = await client.realtime.createTemporaryToken({ expires_in: grant });
const realtimeUrl = `${url.replace(/^http/, "ws")}/v2/realtime/ws`;
const transcriber = client.realtime.transcriber({ realtimeUrl, sampleRate: 16000, ...asked });
let end;
const ended = new Promise((resolve) => (end = resolve));
let answer;
const answered = new Promise((resolve) => (answer = resolve));
transcriber.on("open", (session) => say("open", session));
transcriber.on("transcript", (message) => {
  say("message", message);
  if (message.message_type === "FinalTranscript" && message.text === force) answer();
});
transcriber.on("session_information", (message) => say("message", message));
transcriber.on("error", (error) => say("error", { text: String(error.message) }));
transcriber.on("close", (code, reason) => {
  say("closed", { code, reason });
  answer();
  end();
});
try {
  await Promise.race([transcriber.connect(), ended]); // the older of the two never settles when it is refused
  if (grant) say("granted");
  for (let at = 0; at < audio.length; at += 3200) transcriber.sendAudio(audio.subarray(at, at + 3200));
  if (force) {
    transcriber.forceEndUtterance();
    await answered;
  }
  await transcriber.close();
  say("finished");
} catch (error) {
  say("refused", { text: String(error.message) });
}
