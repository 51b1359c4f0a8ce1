using System.Diagnostics;
using Dmkd.Hosting.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Dmkd.Grains.Tests.Telemetry;

public sealed class CancelledCallsTests
{
    [Theory]
    [InlineData(typeof(OperationCanceledException), ActivityStatusCode.Unset)]
    [InlineData(typeof(TaskCanceledException), ActivityStatusCode.Unset)]
    [InlineData(typeof(TimeoutException), ActivityStatusCode.Error)]
    public void OnEnd_SpanOfACallThatThrew_IsAnErrorUnlessItsCallerGaveUp(Type thrown, ActivityStatusCode status)
    {
        using var source = new ActivitySource($"{nameof(CancelledCallsTests)}.{thrown.Name}");
        using var tracing = Sdk.CreateTracerProviderBuilder()
            .AddSource(source.Name)
            .AddProcessor(new CancelledCalls())
            .Build();
        using var span = source.StartActivity("call")!;
        span.SetStatus(ActivityStatusCode.Error, "it threw");
        span.AddException((Exception)Activator.CreateInstance(thrown)!);
        span.Stop();
        Assert.Equal(status, span.Status);
    }
}
