/** The doors out: bytes, playlists, records, events and deletion. Mounted by index.ts. */
import { createApp } from "../http/app.ts";
import { byteRoutes } from "./routes/bytes.ts";
import { deleteRoutes } from "./routes/delete.ts";
import { healthRoutes } from "./routes/health.ts";
import { hlsRoutes } from "./routes/hls.ts";
import { recordRoutes } from "./routes/record.ts";

export const deliveryRoutes = createApp()
  .route("/", healthRoutes)
  .route("/", byteRoutes)
  .route("/", hlsRoutes)
  .route("/", recordRoutes)
  .route("/", deleteRoutes);
