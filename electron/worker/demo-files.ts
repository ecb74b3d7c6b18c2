import { lutimesSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** 2024-05-01 and 2024-06-01, 12:00 UTC: what is newer has the later time. */
const MAY = 1_714_564_800;
const JUNE = 1_717_243_200;

interface Sample {
  content: string | Buffer;
  time: number;
}
type Samples = Record<string, Sample>;

/** Makes the files that the demo mirrors: small ones and a large one, all of them real and openable. */
export function makeSampleFiles(folder: string): void {
  write(folder, {
    'Read me.txt': { content: READ_ME, time: JUNE },
    'Letters/Thank you.txt': { content: 'Thank you for the plum jam.\nIt did not last the week.\n', time: MAY },
    'Letters/Invitation.txt': { content: 'The party is on Sunday, not on Saturday.\n', time: JUNE },
    'Letters/To the editor.txt': { content: 'Sir: your crossword had two answers to 14 across.\n', time: JUNE },
    'Recordings/Two tones.wav': { content: tones(660), time: JUNE },
    ...hills(1, 8),
  });
}

/** Makes the copy on the server: the same a month earlier, and a letter that has been thrown away since. */
export function makeOlderCopy(folder: string): void {
  write(folder, {
    'Letters/Thank you.txt': { content: 'Thank you for the plum jam.\nIt did not last the week.\n', time: MAY },
    'Letters/Invitation.txt': { content: 'The party is on Saturday.\n', time: MAY },
    'Letters/Draft.txt': { content: 'Dear\n', time: MAY },
    'Recordings/Two tones.wav': { content: tones(495), time: MAY },
    ...hills(1, 4),
  });
}

const READ_ME = `These files are yours to try Driftline with.

Preview the profile and you see what a run would do: the copy on the demo
server is a month old. Run it, then change or delete something here and
preview again. Of the recording only the part that is different is sent.

Remove the demo in Driftline's window, and this folder goes with it.
`;

function write(folder: string, samples: Samples): void {
  const folders = new Set([folder]);
  for (const [name, { content, time }] of Object.entries(samples)) {
    const path = join(folder, name);
    folders.add(dirname(path));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    lutimesSync(path, time, time);
  }
  // Last, since every new file changes its folder's time; equal on both sides, so that they are no difference.
  for (const each of folders) lutimesSync(each, MAY, MAY);
}

/** Landscapes as SVG pictures, from 1 to `last`. */
function hills(first: number, last: number): Samples {
  const samples: Samples = {};
  for (let n = first; n <= last; n++) {
    const sky = (n * 47) % 360;
    const ridges = [0, 1, 2, 3].map((ridge) => {
      const points = Array.from({ length: 33 }, (_, i) => {
        const y = 190 + ridge * 45 + 40 * Math.sin(i / (2.3 + ridge) + n * 1.7 + ridge) + 12 * Math.sin(i * 1.1 + n);
        return `${i * 15},${y.toFixed(1)}`;
      });
      return `<polygon fill="hsl(${sky} 35% ${52 - ridge * 11}%)" points="0,400 ${points.join(' ')} 480,400"/>`;
    });
    const content = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 400">
<rect width="480" height="400" fill="hsl(${sky} 60% 86%)"/><circle cx="${60 + n * 42}" cy="80" r="28" fill="#fff4c2"/>
${ridges.join('\n')}
</svg>
`;
    samples[`Pictures/Hills ${n}.svg`] = { content, time: MAY };
  }
  return samples;
}

const SAMPLE_RATE = 22_050;
const SECONDS = 40;

/** Two tones one after the other as a WAV file of 1.8 MB; the second has the given pitch. */
function tones(pitch: number): Buffer {
  const count = SAMPLE_RATE * SECONDS;
  const file = Buffer.alloc(44 + count * 2);
  // RIFF/WAVE, 16-bit PCM, one channel (IBM and Microsoft, Multimedia Programming Interface 1.0).
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(SAMPLE_RATE * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(count * 2, 40);
  for (let i = 0; i < count; i++) {
    const second = i / SAMPLE_RATE;
    const hertz = second < SECONDS - 4 ? 440 : pitch;
    // A slow swell with a length of its own keeps any two parts of the tone different.
    const loudness = 5000 + 3000 * Math.sin(second * 0.731) * Math.cos(second * 0.113);
    file.writeInt16LE(Math.round(loudness * Math.sin(2 * Math.PI * hertz * second)), 44 + i * 2);
  }
  return file;
}
