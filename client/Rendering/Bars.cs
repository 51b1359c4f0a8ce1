using Spectre.Console;

namespace Dmkd.Client.Rendering;

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
