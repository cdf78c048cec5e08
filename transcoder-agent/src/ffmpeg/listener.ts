/**
 * A program of a moment: started by `namespaces.ts` inside the tools' network, it opens one port there, hands
 * it to the agent and ends. From then on the agent itself answers, though it lives in another network.
 */
import { createServer } from "node:net";

const server = createServer();
server.on("error", () => process.exit(1));
process.on("disconnect", () => process.exit(0));
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.send?.("open", server));
