// Speaks a file of raw samples through Deepgram's own SDK; prints what it is told, one JSON object a line.
// Usage: node deepgram.js listen|flux URL FILE END OPTIONS. END is how the audio ends: with CloseStream, or with
// "empty", an empty chunk. OPTIONS is a JSON object of what to ask for; with "grant" in it, a token is asked for first
// and shown instead of the key. It ends where nothing is left to do.
import { readFileSync } from "node:fs";
import { DeepgramClient } from "@deepgram/sdk";

const [path, url, file, end, options] = process.argv.slice(2);
const audio = readFileSync(file);
const { grant, ...asked } = JSON.parse(options);
const channels = asked.multichannel ? asked.channels : 1;
const say = (kind, value) => console.log(JSON.stringify({ kind, value }));

let client = new DeepgramClient({ apiKey: "any-key", baseUrl: url });
if (grant) {
  const { access_token: accessToken } = await client.auth.v1.tokens.grant({ ttl_seconds: grant });
  client = new DeepgramClient({ accessToken, baseUrl: url });
}
const socket = await (path === "listen" ? client.listen.v1 : client.listen.v2).connect(asked);
const finalized = new Promise((resolve) => {
  let count = 0;
  socket.on("message", (message) => {
    say("message", message);
    count += Boolean(message.from_finalize);
    if (count === channels) resolve();
  });
  socket.on("close", (event) => {
    say("closed", { code: event.code, reason: event.reason });
    resolve();
  });
});
socket.on("error", (error) => say("error", String(error.message)));
socket.connect();
try {
  await socket.waitForOpen();
} catch {
  say("refused");
}
if (socket.readyState === 1) {
  if (path === "listen") socket.sendKeepAlive({ type: "KeepAlive" });
  for (let at = 0; at < audio.length; at += 3200) socket.sendMedia(audio.subarray(at, at + 3200));
  if (path === "listen") {
    socket.sendFinalize({ type: "Finalize" });
    await finalized;
  }
  if (end === "empty") socket.sendMedia(new Uint8Array(0));
  else socket.sendCloseStream({ type: "CloseStream" });
}
