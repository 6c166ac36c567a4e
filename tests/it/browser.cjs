// Drives pages in Chromium and says what it found, one line of JSON a question.
const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
module.exports = { ARGUMENTS };
