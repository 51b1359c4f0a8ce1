using System.Globalization;
using Dmkd.Client.Rendering;
using Spectre.Console;

namespace Dmkd.Client.Display;

/// <summary>Consoles for people.</summary>
internal static class Consoles
{
    private const int WidthWithoutTerminal = 100;

    /// <summary>A console on standard output, or on standard error when standard output belongs to a document.</summary>
    public static IAnsiConsole Create(bool json)
    {
        bool redirected = json ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(json ? Console.Error : Console.Out),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected) console.Profile.Width = WidthWithoutTerminal;
        return console;
    }

    /// <summary>The lines of events, with the time of day.</summary>
    public static void WriteEvents(this IAnsiConsole console, IEnumerable<EventLine> events)
    {
        foreach (var entry in events)
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[grey]{entry.At.ToLocalTime():HH:mm:ss}[/] {entry.Text}");
    }
}
