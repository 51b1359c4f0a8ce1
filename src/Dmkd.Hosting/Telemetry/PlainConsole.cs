using Dmkd.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Dmkd.Hosting.Telemetry;

/// <summary>
/// Lines of a log on a console, laid out as .NET lays them out, without what would move the cursor or begin a line that
/// nobody wrote: messages hold names that others chose.
/// </summary>
public sealed class PlainConsole : ConsoleFormatter
{
    private const string PlainName = "plain",
        Indent = "      ",
        Own = "Dmkd";

    /// <summary>Makes the formatter.</summary>
    public PlainConsole()
        : base(PlainName) { }

    /// <inheritdoc/>
    public override void Write<TState>(
        in LogEntry<TState> logEntry,
        IExternalScopeProvider? scopeProvider,
        TextWriter textWriter
    )
    {
        ArgumentNullException.ThrowIfNull(textWriter);
        string message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.WriteLine($"{LevelOf(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}]");
        if (logEntry.Category.StartsWith(Own, StringComparison.Ordinal))
            textWriter.WriteLine(Indent + OneLine.Escaped(message));
        else
            WriteLines(textWriter, message); // Orleans' own have several
        if (logEntry.Exception is { } exception)
            WriteLines(textWriter, exception.ToString());
    }

    private static void WriteLines(TextWriter writer, string text)
    {
        foreach (string line in text.Split('\n'))
            writer.WriteLine(
                Indent + OneLine.Escaped(line.TrimEnd('\r').Replace("\t", "    ", StringComparison.Ordinal))
            );
    }

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

/// <summary>Adds the formatter.</summary>
public static class PlainConsoleExtensions
{
    /// <summary>Has the console's log written by <see cref="PlainConsole"/>, unless the settings name a formatter.</summary>
    /// <param name="logging">The log.</param>
    /// <param name="configure">Changes the console; null for nothing.</param>
    public static ILoggingBuilder AddPlainConsole(
        this ILoggingBuilder logging,
        Action<ConsoleLoggerOptions>? configure = null
    )
    {
        logging.AddConsole(configure ?? (_ => { }));
        logging.AddConsoleFormatter<PlainConsole, ConsoleFormatterOptions>();
        logging.Services.PostConfigure<ConsoleLoggerOptions>(options => options.FormatterName ??= "plain");
        return logging;
    }
}
