// A mail server (smtp-server) that parses what it takes (mailparser): prints its port, then a line of JSON a mail.
// Recipients called `busy` or `unknown` are refused at RCPT;
// at the mail to `lost` the server dies without an answer, and those to `silent` are taken without an answer.
const path = require("path");
const modules = path.join(process.argv[2], "node_modules");
const { SMTPServer } = require(path.join(modules, "smtp-server"));
const { simpleParser } = require(path.join(modules, "mailparser"));

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS", "AUTH"],
  onRcptTo(address, _session, callback) {
    const refused = { busy: 450, unknown: 550 }[address.address.split(/[.@]/)[0]];
    if (!refused) return callback();
    const error = new Error("not today");
    error.responseCode = refused;
    callback(error);
  },
  onData(stream, session, callback) {
    simpleParser(stream).then((mail) => {
      const reported = {
        to: session.envelope.rcptTo.map((to) => to.address),
        subject: mail.subject,
        id: mail.messageId,
        connection: session.id,
        automatic: mail.headers.get("auto-submitted"),
        text: mail.text,
        html: mail.html,
      };
      if (reported.to[0].startsWith("lost@")) process.exit();
      const silent = reported.to[0].startsWith("silent@");
      process.stdout.write(JSON.stringify(reported) + "\n", () => silent || callback());
    }, callback);
  },
});
// A client that is killed in the middle of a mail resets its connection; the server goes on for the others.
server.on("error", (error) => console.error(`a connection failed: ${error.code}`));
server.listen(0, "127.0.0.1", () => console.log(server.server.address().port));
