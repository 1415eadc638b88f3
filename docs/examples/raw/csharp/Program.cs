// Enrols two voices and transcribes a talk, with nothing but .NET 8 or later.
//
// dotnet run wss://localhost:8088 dev-cert.pem mina.wav jisu.wav talk.wav

using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

const int ChunkBytes = 8192;
var (url, certificate, voices, talk) = (args[0], args[1], args[2..^1], args[^1]);

using var server = new ClientWebSocket();
var trusted = X509Certificate2.CreateFromPem(File.ReadAllText(certificate));
server.Options.RemoteCertificateValidationCallback = (_, presented, _, errors) =>
    errors == SslPolicyErrors.None
    || (errors == SslPolicyErrors.RemoteCertificateChainErrors
        && presented!.GetCertHashString() == trusted.GetCertHashString());
await server.ConnectAsync(new Uri(url), default);

await Until("model_loaded");
for (var speaker = 0; speaker < voices.Length; speaker++)
{
    await Say("start_speaker_registration", speaker);
    await SendWav(voices[speaker]);
    await Say("complete_speaker_registration", speaker);
    await Until("speaker_registration_completed");
}
await Say("start_transcription", 0);
await Until("transcription_started");
var sending = Task.Run(async () => // so that this program reads meanwhile, and answers pings
{
    await SendWav(talk);
    await Say("stop_transcription", 0);
});
await Until("transcription_stopped");
await sending;
await server.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);

Task Say(string type, int speaker_id) => server.SendAsync(
    new ArraySegment<byte>(JsonSerializer.SerializeToUtf8Bytes(new { type, speaker_id })),
    WebSocketMessageType.Text, true, default);

// Sends a WAV file of 16 kHz, mono, 16 bit.
async Task SendWav(string file)
{
    var wav = await File.ReadAllBytesAsync(file);
    var audio = wav.AsMemory(wav.AsSpan().IndexOf("data"u8) + 8); // behind the header
    for (; !audio.IsEmpty; audio = audio[Math.Min(ChunkBytes, audio.Length)..])
    {
        var chunk = audio[..Math.Min(ChunkBytes, audio.Length)];
        await server.SendAsync(chunk, WebSocketMessageType.Binary, true, default);
    }
}

// Prints texts until a message of this type comes. An error ends the program.
async Task Until(string type)
{
    while (true)
    {
        var message = await Receive();
        var told = message.GetProperty("type").GetString();
        if (told == type) return;
        if (told == "transcription")
            Console.WriteLine($"{message.GetProperty("speaker_id")}: {message.GetProperty("text")}");
        if (told == "error")
        {
            Console.Error.WriteLine($"{message.GetProperty("code")}: {message.GetProperty("message")}");
            Environment.Exit(1);
        }
    }
}

async Task<JsonElement> Receive()
{
    using var text = new MemoryStream();
    var buffer = new byte[ChunkBytes];
    while (true)
    {
        var part = await server.ReceiveAsync(new ArraySegment<byte>(buffer), default);
        if (part.MessageType == WebSocketMessageType.Close)
            throw new WebSocketException($"closed with {server.CloseStatus}");
        text.Write(buffer, 0, part.Count);
        if (part.EndOfMessage) return JsonDocument.Parse(text.ToArray()).RootElement;
    }
}
