using System.Globalization;
using Dmkd.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Dmkd.Hosting.Telemetry;

/// <summary>
/// A log on a console: one line per event, with its time in UTC, without what would move the cursor or begin a line that
/// nobody wrote: messages hold names that others chose. Repeated lines are left out (<see cref="RepeatedLines"/>).
/// </summary>
public sealed class PlainConsole : ConsoleFormatter
{
    /// <summary>Name of the formatter.</summary>
    internal const string PlainName = "plain";

    private const string Own = "Dmkd",
        Break = " | ";

    private readonly RepeatedLines _repeated;
    private readonly TimeProvider _time;

    /// <summary>Makes the formatter.</summary>
    /// <param name="repeated">Says which lines are left out.</param>
    /// <param name="time">The clock.</param>
    public PlainConsole(RepeatedLines repeated, TimeProvider time)
        : base(PlainName) => (_repeated, _time) = (repeated, time);

    /// <inheritdoc/>
    public override void Write<TState>(
        in LogEntry<TState> logEntry,
        IExternalScopeProvider? scopeProvider,
        TextWriter textWriter
    )
    {
        ArgumentNullException.ThrowIfNull(textWriter);
        string message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (_repeated.Count(logEntry.LogLevel, logEntry.Category, message, logEntry.Exception) is not { } leftOut)
            return;
        bool isOwn = logEntry.Category.StartsWith(Own, StringComparison.Ordinal);
        string text = isOwn ? OneLine.Escaped(message) : Joined(message); // Orleans' own have several lines
        string why = logEntry.Exception is { } exception ? Break + Joined(TextOf(exception)) : "";
        string more = leftOut == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({leftOut} more like it)");
        string at = _time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        textWriter.WriteLine(
            $"{at} {LevelOf(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}] {text}{why}{more}"
        );
    }

    /// <summary>An error with its stack; of a database that is away the reason alone.</summary>
    private static string TextOf(Exception exception)
    {
        if (!RepeatedLines.IsOutage(exception))
            return exception.ToString();
        var cause = exception.GetBaseException();
        return $"{cause.GetType().Name}: {cause.Message}";
    }

    private static string Joined(string text) =>
        string.Join(
            Break,
            text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(OneLine.Escaped)
        );

    private static string LevelOf(LogLevel level) =>
        level switch
        {
            LogLevel.Trace => "trce",
            LogLevel.Debug => "dbug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            LogLevel.Error => "fail",
            _ => "crit",
        };
}
