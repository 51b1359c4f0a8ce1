using Spectre.Console;

namespace Dmkd.Client.Display;

/// <summary>One bar, or none where there is no terminal.</summary>
internal sealed class Bar(ProgressTask? task)
{
    /// <summary>Moves the bar.</summary>
    /// <param name="share">Share done, in [0, 1].</param>
    public void Set(double share)
    {
        if (task is not null) task.Value = share;
    }

    /// <summary>Gives the bar to other work.</summary>
    /// <param name="description">What it is.</param>
    public void Restart(string description)
    {
        if (task is null) return;
        task.Description = Markup.Escape(description);
        task.Value = 0;
    }
}
