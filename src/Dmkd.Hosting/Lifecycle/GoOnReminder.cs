using Microsoft.Extensions.DependencyInjection;
using Orleans.Timers;

namespace Dmkd.Hosting.Lifecycle;

/// <summary>
/// Wakes a grain whose silo died while it worked and nobody looked. Clusters have reminders; an embedded silo has none,
/// since its work ends with the console.
/// </summary>
internal static class GoOnReminder
{
    private const string Name = "go on";

    /// <summary>The shortest that Orleans takes without a warning.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Has a grain woken from now on. To be called before the state that says that there is something to do.
    /// </summary>
    public static Task SetAsync<TGrain>(TGrain grain, IServiceProvider services)
        where TGrain : Grain, IRemindable =>
        HasReminders(services) ? grain.RegisterOrUpdateReminder(Name, Period, Period) : Task.CompletedTask;

    /// <summary>Ends the waking of a grain that has nothing more to do.</summary>
    public static async Task ForgetAsync<TGrain>(TGrain grain, IServiceProvider services)
        where TGrain : Grain, IRemindable
    {
        if (HasReminders(services) && await grain.GetReminder(Name) is { } reminder)
            await grain.UnregisterReminder(reminder);
    }

    /// <summary>
    /// Wakes a run whose silo was asked to end, so that it need not wait for the reminder: a call that reaches an
    /// ending activation is passed on to the next one, on another silo. Nobody needs the answer.
    /// </summary>
    public static void WakeElsewhere(IServiceProvider services, Func<Task> lookAt)
    {
        if (HasReminders(services))
            lookAt().Ignore();
    }

    private static bool HasReminders(IServiceProvider services) => services.GetService<IReminderRegistry>() is not null;
}
