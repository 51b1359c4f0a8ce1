using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Core;
using Spectre.Console;
using Spectre.Console.Rendering;

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
        console.Pipeline.Attach(new PlainText());
        return console;
    }

    /// <summary>The lines of events, with the time of day.</summary>
    public static void WriteEvents(this IAnsiConsole console, IEnumerable<EventLine> events)
    {
        foreach (var entry in events)
            console.MarkupLineInterpolated(
                CultureInfo.InvariantCulture,
                $"[grey]{entry.At.ToLocalTime():HH:mm:ss}[/] {entry.Text}"
            );
    }
}

/// <summary>
/// Whatever is shown, without control characters: names of classes, runs and files come from others, and a terminal
/// does what such characters say.
/// </summary>
internal sealed class PlainText : IRenderHook
{
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
        renderables.Select(renderable => new Escaped(renderable));

    private sealed class Escaped(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner.Render(options, maxWidth).Select(Plain);

        private static Segment Plain(Segment segment) =>
            segment.IsControlCode || segment.IsLineBreak || OneLine.IsPlain(segment.Text)
                ? segment
                : new Segment(OneLine.Escaped(segment.Text), segment.Style);
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
