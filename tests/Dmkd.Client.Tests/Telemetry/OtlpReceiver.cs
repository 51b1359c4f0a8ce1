using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Dmkd.Client.Tests.Telemetry;

/// <summary>A collector: takes OTLP over HTTP as processes send it, and keeps spans and log lines.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private const int ResourceSpans = 1,
        Resource = 1,
        Scopes = 2,
        Records = 2,
        Attributes = 1;
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<ExportedSpan> _spans = [];
    private readonly ConcurrentQueue<(string Trace, string Text)> _logs = [];

    public OtlpReceiver()
    {
        Endpoint = $"http://127.0.0.1:{FreePort()}";
        _listener.Prefixes.Add(Endpoint + "/");
        _listener.Start();
        _ = ReceiveAsync();
    }

    /// <summary>Where to send.</summary>
    public string Endpoint { get; }

    public IReadOnlyList<ExportedSpan> Spans => [.. _spans];

    public IReadOnlyList<(string Trace, string Text)> Logs => [.. _logs];

    /// <summary>What makes a process send here, and soon.</summary>
    public IReadOnlyDictionary<string, string> Environment =>
        new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
            ["Logging__OpenTelemetry__LogLevel__Default"] = "Information",
        };

    public void Dispose() => _listener.Close();

    private async Task ReceiveAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var content = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(content);
            var message = new ProtoMessage(content.ToArray());
            if (context.Request.Url!.AbsolutePath == "/v1/traces")
                TakeSpans(message);
            if (context.Request.Url.AbsolutePath == "/v1/logs")
                TakeLogs(message);
            context.Response.ContentType = "application/x-protobuf";
            context.Response.Close();
        }
    }

    private void TakeSpans(ProtoMessage request)
    {
        foreach (var resource in request.All(ResourceSpans))
        {
            var attributes = resource.All(Resource).First().Attributes(Attributes);
            string process = $"{attributes["service.name"]} {attributes["service.instance.id"]}";
            foreach (var span in resource.All(Scopes, Records))
                _spans.Enqueue(
                    new ExportedSpan(
                        process,
                        span.Hex(1),
                        span.Hex(2),
                        span.Hex(4),
                        span.Text(5),
                        [.. span.All(13).Select(link => link.Hex(1))]
                    )
                );
        }
    }

    private void TakeLogs(ProtoMessage request)
    {
        foreach (var record in request.All(ResourceSpans, Scopes, Records))
            _logs.Enqueue((record.Hex(9), record.All(5).FirstOrDefault()?.Text(1) ?? ""));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
