using System.Text;
using Dmkd.Contracts.Merging;

namespace Dmkd.Chaos.Killing;

/// <summary>Writes down every update that was accepted before its node is told so: what must never be lost.</summary>
internal sealed class AcceptanceLog(string path) : IIncomingGrainCallFilter
{
    private readonly Lock _gate = new();

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        await context.Invoke();
        if (
            context.Result is not SubmissionReceipt { Outcome: SubmissionOutcome.Accepted }
            || context.Request.GetArgument(0) is not DeltaSubmission submission
        )
            return;
        Write($"{context.TargetId.Key} {submission.NodeId} {submission.Round}\n");
    }

    private void Write(string line)
    {
        lock (_gate)
        {
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write);
            file.Write(Encoding.UTF8.GetBytes(line));
            file.Flush(flushToDisk: true);
        }
    }
}
