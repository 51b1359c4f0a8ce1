using System.Diagnostics;
using OpenTelemetry;

namespace Dmkd.Hosting.Telemetry;

/// <summary>A call that its caller gave up is no error: a dashboard of errors would show every console that was ended.</summary>
public sealed class CancelledCalls : BaseProcessor<Activity>
{
    private const string TypeTag = "exception.type";

    /// <inheritdoc />
    public override void OnEnd(Activity data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Status is ActivityStatusCode.Error && IsCancellation(ExceptionOf(data)))
            data.SetStatus(ActivityStatusCode.Unset);
    }

    private static bool IsCancellation(string? exception) =>
        exception?.EndsWith(nameof(OperationCanceledException), StringComparison.Ordinal) is true
        || exception?.EndsWith(nameof(TaskCanceledException), StringComparison.Ordinal) is true;

    private static string? ExceptionOf(Activity activity) =>
        activity.GetTagItem(TypeTag) as string
        ?? activity
            .Events.Where(entry => entry.Name == "exception")
            .SelectMany(entry => entry.Tags)
            .FirstOrDefault(tag => tag.Key == TypeTag)
            .Value as string;
}
