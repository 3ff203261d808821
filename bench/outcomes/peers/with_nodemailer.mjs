// nodemailer by its SMTP transport; the same lines in and out as `serving.py`.
import readline from "node:readline";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import nodemailer from "nodemailer";

const TIMEOUT = 15_000; // milliseconds: the simulator answers at once or has gone

function say(document) {
  process.stdout.write(JSON.stringify(document) + "\n");
}

async function send(task) {
  const transport = nodemailer.createTransport({
    host: task.host,
    port: task.port,
    secure: false,
    requireTLS: true,
    tls: { ca: readFileSync(task.ca_file) },
    auth: { type: "OAuth2", user: task.mailbox, accessToken: task.token },
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
  });
  try {
    const mail = { from: task.mailbox, to: task.to, subject: task.subject, text: task.text };
    return { error: null, code: null, text: "", value: (await transport.sendMail(mail)).response };
  } catch (error) {
    return { error: error.code ?? error.name, code: error.responseCode ?? null, text: error.message, value: null };
  } finally {
    transport.close();
  }
}

say({ version: createRequire(import.meta.url)("nodemailer/package.json").version });
for await (const line of readline.createInterface({ input: process.stdin })) {
  say(await send(JSON.parse(line)));
}
