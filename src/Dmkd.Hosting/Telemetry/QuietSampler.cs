using System.Diagnostics;
using System.Globalization;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Dmkd.Hosting.Telemetry;

/// <summary>
/// Leaves out the calls by which a process looks, many times a second, at work that goes on elsewhere: they would be
/// nearly all of a trace and say nothing. For the rest, whoever begins a trace decides.
/// </summary>
public sealed class QuietSampler : Sampler
{
    private const string ShareVariable = "OTEL_TRACES_SAMPLER_ARG";
    private readonly ParentBasedSampler _others;

    /// <param name="share">Share of the traces that are kept, in [0, 1].</param>
    public QuietSampler(double share) =>
        _others = new ParentBasedSampler(share < 1 ? new TraceIdRatioBasedSampler(share) : new AlwaysOnSampler());

    /// <summary>Methods of grains by which others look.</summary>
    public static IReadOnlyList<string> Looks { get; } =
    ["GetRoundAsync", "GetLocalUpdateAsync", "GetProgressAsync", "GetStatusAsync"];

    /// <summary>Keeps the share that <c>OTEL_TRACES_SAMPLER_ARG</c> names; all without.</summary>
    public static QuietSampler FromEnvironment() =>
        new(
            double.TryParse(
                Environment.GetEnvironmentVariable(ShareVariable),
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out double share
            ) && share is >= 0 and <= 1
                ? share
                : 1
        );

    /// <inheritdoc />
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        IsLook(samplingParameters.Name)
            ? new SamplingResult(SamplingDecision.Drop)
            : _others.ShouldSample(samplingParameters);

    private static bool IsLook(string name)
    {
        foreach (string look in Looks)
            if (name.EndsWith(look, StringComparison.Ordinal))
                return true;
        return false;
    }
}

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
