using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Keeps what DMKD's own parts of a silo log as a warning or worse.</summary>
internal sealed class CapturedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>Whether a line has a text.</summary>
    public bool Has(string text) => _lines.Any(line => line.Contains(text, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) =>
        new Logger(_lines, categoryName.StartsWith("Dmkd", StringComparison.Ordinal));

    public void Dispose() { }

    private sealed class Logger(ConcurrentQueue<string> lines, bool isOwn) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => isOwn && logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (IsEnabled(logLevel))
                lines.Enqueue($"{formatter(state, exception)} {exception?.Message}");
        }
    }
}
