using Spectre.Console;

namespace Dmkd.Client.Display;

/// <summary>Progress bars on a terminal; nothing elsewhere, where events alone tell the story.</summary>
internal sealed class Bars
{
    private readonly ProgressContext? _context;

    private Bars(ProgressContext? context) => _context = context;

    /// <summary>Shows bars while work runs.</summary>
    public static async Task<T> RunAsync<T>(IAnsiConsole console, Func<Bars, Task<T>> work)
    {
        if (!console.Profile.Capabilities.Interactive) return await work(new Bars(null));
        return await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new Bars(context)));
    }

    /// <summary>Adds a bar.</summary>
    public Bar Add(string description) => new(_context?.AddTask(description, maxValue: 1));
}
