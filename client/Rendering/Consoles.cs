using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Client.Errors;
using Spectre.Console;

namespace Dmkd.Client.Rendering;

/// <summary>Consoles for people.</summary>
internal static class Consoles
{
    private const int WidthWithoutTerminal = 100;

    /// <summary>
    /// A console on standard output, or on standard error when standard output belongs to a document.
    /// </summary>
    public static IAnsiConsole Create(bool json)
    {
        bool redirected = json ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Out = new AnsiConsoleOutput(json ? Console.Error : Console.Out),
                Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
                Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
            }
        );
        if (redirected)
            console.Profile.Width = WidthWithoutTerminal;
        return console;
    }

    /// <summary>The lines of events, with the time of day.</summary>
    public static void WriteEvents(this IAnsiConsole console, IEnumerable<EventLine> events)
    {
        foreach (var entry in events)
            console.WriteTimed(entry.At, entry.Text);
    }

    /// <summary>
    /// One line with the time of day. A terminal's width cuts it, so that bars below stay in place; a file gets all of
    /// it.
    /// </summary>
    public static void WriteTimed(this IAnsiConsole console, DateTimeOffset at, string text)
    {
        string time = at.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        string line = Shown.Escaped(text);
        if (!console.Profile.Capabilities.Interactive)
        {
            console.Profile.Out.Writer.WriteLine($"{time} {line}");
            return;
        }

        int room = Math.Max(1, console.Profile.Width - time.Length - 2);
        if (line.Length > room)
            line = line[..(room - 1)] + "…";
        console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[grey]{time}[/] {line}");
    }
}

/// <summary>Writes the one document that <c>--json</c> promises.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a console is no web page: names stay readable
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes a document to standard output.</summary>
    public static void Write<T>(T document) => Console.Out.WriteLine(JsonSerializer.Serialize(document, Options));

    /// <summary>Writes a document, or to a reader the same in words.</summary>
    public static async Task AnswerAsync<T>(bool json, T document, string words)
    {
        if (json)
            Write(document);
        else
            await Console.Out.WriteLineAsync(words);
    }
}

/// <summary>Numbers and lists as the tables show them.</summary>
internal static class Figures
{
    /// <summary>A whole number, with its thousands apart.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A share of 1 in percent.</summary>
    /// <param name="share">Such as 0.123.</param>
    /// <param name="decimals">Digits after the point.</param>
    public static string Percent(double share, int decimals = 1) =>
        share.ToString($"P{decimals}", CultureInfo.InvariantCulture);

    /// <summary>The first names of a list, and how many more there are.</summary>
    public static string First(int most, IReadOnlyList<string> names) =>
        names.Count <= most
            ? string.Join(", ", names)
            : $"{string.Join(", ", names.Take(most))} and {names.Count - most} more";
}
