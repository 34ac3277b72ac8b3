// Runs both detectors, and writes what they say as JSON into the page.
import { load } from "@fingerprintjs/botd";
import FingerprintScanner from "fpscanner";

const given = {};
const bot = await load({ monitoring: false });
bot.detect();
for (const [name, { bot: isBot }] of Object.entries(bot.getDetections())) given[`botd ${name}`] = isBot;
const found = await new FingerprintScanner().collectFingerprint({ encrypt: false });
for (const [name, { detected }] of Object.entries(found.fastBotDetectionDetails))
  given[`fpscanner ${name}`] = detected;
const place = document.createElement("pre");
place.id = "found";
place.textContent = JSON.stringify({ given, signals: found.signals });
document.body.append(place);
