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
            console.WriteTimed(entry.At, entry.Text);
    }

    /// <summary>A line that a file gets whole, so that a command in it can be run as printed; a terminal wraps it.</summary>
    public static void WriteWhole(this IAnsiConsole console, FormattableString markup)
    {
        if (console.Profile.Capabilities.Interactive)
        {
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, markup);
            return;
        }

        string line = string.Format(CultureInfo.InvariantCulture, Markup.Remove(markup.Format), markup.GetArguments());
        console.Profile.Out.Writer.WriteLine(OneLine.Escaped(line));
    }

    /// <summary>
    /// One line with the time of day. A terminal's width cuts it, so that bars below stay in place; a file gets all of
    /// it.
    /// </summary>
    public static void WriteTimed(this IAnsiConsole console, DateTimeOffset at, string text)
    {
        string time = at.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        string line = OneLine.Escaped(text);
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

/// <summary>What a person should know and no document has: lines on standard error.</summary>
internal static class Notice
{
    /// <summary>Sentences without a full stop, about what was chosen.</summary>
    public static void All(IEnumerable<string> sentences)
    {
        foreach (string sentence in sentences)
            Write("note", sentence);
    }

    /// <summary>Something that is probably wrong.</summary>
    /// <param name="sentence">Without a full stop.</param>
    public static void Warning(string sentence) => Write("warning", sentence);

    /// <summary>Something that was left out, while the rest was done.</summary>
    /// <param name="sentence">With its full stop, as a refusal has it.</param>
    public static void Problem(string sentence) =>
        Console.Error.WriteLine($"dmkd: {OneLine.Escaped(sentence.ReplaceLineEndings(" "))}");

    /// <summary>How to go on after a refusal.</summary>
    /// <param name="sentence">Without a full stop.</param>
    public static void Hint(string sentence) => Write("hint", sentence);

    private static void Write(string kind, string sentence) => Console.Error.WriteLine($"dmkd: {kind}: {sentence}.");
}

/// <summary>Tells a network that was never asked the right way from one that is merely bad.</summary>
internal static class Chance
{
    private const double Deviations = 2;
    private const int FewImages = 30; // of fewer, a network may be bad by chance

    /// <summary>What is probably wrong with a network, or null when it does better than guessing.</summary>
    /// <param name="correct">Images that it gets right.</param>
    /// <param name="total">Images that it was asked about.</param>
    /// <param name="classes">Classes to choose from.</param>
    /// <param name="stated">What its file says of its accuracy, or null.</param>
    /// <returns>A sentence without a full stop.</returns>
    public static string? ProblemOf(long correct, long total, int classes, string? stated)
    {
        double share = 1.0 / classes,
            guessed = total * share,
            deviation = Math.Sqrt(total * share * (1 - share));
        double least = total < FewImages ? guessed : guessed + Deviations * deviation;
        if (classes < 2 || total == 0 || correct > least)
            return null;
        string file = stated is null ? "" : $", though its file says {stated}";
        return $"{correct} of {total} images right is no more than chance with {classes} classes{file}: look at "
            + "--normalize, --architecture and the order of the classes";
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

/// <summary>Progress bars on a terminal; nothing elsewhere, where events alone tell the story.</summary>
internal sealed class Bars
{
    private readonly ProgressContext? _context;

    private Bars(ProgressContext? context) => _context = context;

    /// <summary>Shows bars while work runs.</summary>
    public static async Task<T> RunAsync<T>(IAnsiConsole console, Func<Bars, Task<T>> work)
    {
        if (!console.Profile.Capabilities.Interactive)
            return await work(new Bars(null));
        return await console
            .Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new RemainingTimeColumn()
            )
            .StartAsync(context => work(new Bars(context)));
    }

    /// <summary>Adds a bar.</summary>
    public Bar Add(string description) => new(_context?.AddTask(description, maxValue: 1));
}

/// <summary>One bar, or none where there is no terminal.</summary>
internal sealed class Bar(ProgressTask? task)
{
    /// <summary>Moves the bar.</summary>
    /// <param name="share">Share done, in [0, 1].</param>
    public void Set(double share)
    {
        if (task is not null)
            task.Value = share;
    }

    /// <summary>Says more of the same work.</summary>
    /// <param name="description">What it is.</param>
    public void Describe(string description)
    {
        if (task is not null)
            task.Description = Markup.Escape(description);
    }

    /// <summary>Gives the bar to other work.</summary>
    /// <param name="description">What it is.</param>
    public void Restart(string description)
    {
        Describe(description);
        Set(0);
    }
}
