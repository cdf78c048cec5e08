/** One upload over the wire: the raw body by PUT, with progress. XMLHttpRequest, since fetch tells no progress. */
import { uploadStep } from "../../src/pages/shared/upload-name.ts";
import { tryShape } from "../../src/pages/shared/shape.ts";
import { parseJson, refusalText, UploadAnswer } from "../lib/answers.ts";

export class Refused extends Error {}
export class Stopped extends Error {}

export function sendFile(
  file: File,
  progress: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<UploadAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/upload/${uploadStep(file.name)}`);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      const answer = request.status < 300 ? tryShape(UploadAnswer, parseJson(request.responseText)) : null;
      if (answer) resolve(answer);
      else reject(new Refused(refusalText(request.responseText, request.status)));
    });
    request.addEventListener("error", () => reject(new Refused(refusalText("", 0))));
    request.addEventListener("abort", () => reject(new Stopped()));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
