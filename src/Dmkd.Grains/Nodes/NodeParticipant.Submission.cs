using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Merging;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Nodes;

/// <summary>How a trained update is packed and reaches its coordinator.</summary>
internal sealed partial class NodeParticipant
{
    /// <summary>Sends the update, packed and stored first; a repeat sends the same bytes.</summary>
    private async Task ContributeAsync(
        LocalUpdateRequest request,
        HeldModule held,
        TrainedUpdate? trained,
        CancellationToken cancellationToken
    )
    {
        byte[]? content = null;
        if (held.Packed is null)
        {
            var packed = trained?.Packed ?? await PackAsync(request, held, trained?.Update, cancellationToken);
            if (packed is null)
                return; // the round ended without this node
            held.Report = held.Report! with
            {
                DeviceSeconds = held.Report.DeviceSeconds + packed.DeviceTime.TotalSeconds,
            };
            held.NextResidual = packed.Residual is { } residual
                ? await weights.PutAsync(residual, cancellationToken)
                : null;
            content = packed.Tensors;
            held.Packed = await StoreAsync(content, cancellationToken);
            await StoreAsync(request, held, cancellationToken);
        }

        await SubmitAsync(
            request,
            SubmissionOf(request, held, SubmissionKind.Update, ReferenceTo(held.Packed, content)),
            cancellationToken
        );
    }

    /// <summary>Packs an update, with the round's shared basis when it has one; null when the round ended meanwhile.</summary>
    private async Task<PackedUpdate?> PackAsync(
        LocalUpdateRequest request,
        HeldModule held,
        byte[]? update,
        CancellationToken cancellationToken
    )
    {
        update ??= await weights.GetAsync(held.Trained!, cancellationToken);
        if (!request.Merging!.Exchange().HasSharedBasis)
        {
            held.BasisDigest = null;
            return await work.PackAsync(request, update, null, cancellationToken);
        }

        var basis = await ShareBasisAsync(request, held, update, cancellationToken);
        if (basis is null)
            return null;
        held.BasisDigest = basis.Digest;
        held.Report = held.Report! with { DownloadedBytes = held.Report.DownloadedBytes + basis.Bytes };
        return await work.PackAsync(request, update, basis, cancellationToken);
    }

    /// <summary>
    /// Sends the node's part of the shared basis and waits for the whole; null when the round ended meanwhile.
    /// </summary>
    private async Task<StoredBlob?> ShareBasisAsync(
        LocalUpdateRequest request,
        HeldModule held,
        byte[] update,
        CancellationToken cancellationToken
    )
    {
        var coordinator = contacts.CoordinatorOf(request.Module.Key);
        var limit = time.GetUtcNow() + request.BasisWait;
        bool isSent = false;
        while (time.GetUtcNow() < limit)
        {
            var status = await AskAsync(() =>
                coordinator.GetRoundAsync(request.RunId, request.Round, cancellationToken)
            );
            if (status?.Basis is { } basis)
                return basis;
            if (status?.CurrentRound > request.Round)
                return null;
            if (
                status?.Phase
                is MergePhase.Merging
                    or MergePhase.Publishing
                    or MergePhase.Closed
                    or MergePhase.Rejected
                    or MergePhase.Failed
            )
                return null;
            if (!isSent && status?.Phase is MergePhase.Projecting)
            {
                byte[] part = await work.ProposeAsync(request, update, cancellationToken);
                var reference = ReferenceTo(await StoreAsync(part, cancellationToken), part);
                var outcome = await SubmitAsync(
                    request,
                    SubmissionOf(request, held, SubmissionKind.Projection, reference),
                    cancellationToken
                );
                // a round that failed when it came may be open again
                isSent = outcome is not (SubmissionOutcome.Late or SubmissionOutcome.TooEarly);
            }

            await Task.Delay(PollPeriod, time, cancellationToken);
        }

        throw new TimeoutException($"the round's shared basis was not there within {request.BasisWait}");
    }

    private static async Task<MergeRoundStatus?> AskAsync(Func<Task<MergeRoundStatus>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            return null; // asked again until the limit
        }
    }

    private DeltaSubmission SubmissionOf(
        LocalUpdateRequest request,
        HeldModule held,
        SubmissionKind kind,
        TensorReference tensors
    ) =>
        new()
        {
            RunId = request.RunId,
            Round = request.Round,
            NodeId = nodeId,
            BaseVersion = request.Base.Number,
            BaseDigest = request.Base.Digest,
            SampleCount = held.Report!.SampleCount,
            DeviceSeconds = held.Report.DeviceSeconds,
            DownloadedBytes = held.Report.DownloadedBytes,
            Kind = kind,
            Tensors = tensors,
            Training = kind is SubmissionKind.Update ? NodeRules.TrainingOf(held.Report) : null,
        };

    private async Task<StoredBlob> StoreAsync(byte[] content, CancellationToken cancellationToken) =>
        new(await weights.PutAsync(content, cancellationToken), content.Length);

    /// <summary>
    /// Names stored tensors; small ones that are at hand come along, which saves the coordinator a look into the store.
    /// </summary>
    private static TensorReference ReferenceTo(StoredBlob blob, byte[]? content) =>
        new() { Blob = blob, Inline = content is { Length: <= TensorReference.MaxInlineBytes } ? content : null };

    /// <summary>
    /// Submits until the coordinator answers; a repeat is answered as a duplicate, so trying again is safe.
    /// </summary>
    private async Task<SubmissionOutcome> SubmitAsync(
        LocalUpdateRequest request,
        DeltaSubmission submission,
        CancellationToken cancellationToken
    )
    {
        var coordinator = contacts.CoordinatorOf(request.Module.Key);
        var receipt = await RetryOf(request)
            .AskAsync(() => coordinator.SubmitAsync(submission, cancellationToken), cancellationToken);
        if (receipt.Outcome is SubmissionOutcome.Refused)
            throw new InvalidOperationException(receipt.Reason);
        if (receipt.Outcome is not (SubmissionOutcome.Accepted or SubmissionOutcome.Duplicate))
            LogIgnored(logger, request.Module.Name, nodeId, request.Round + 1, receipt.Outcome, receipt.Reason ?? "");
        return receipt.Outcome;
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: update of node {NodeId} for round {Round} was not used: {Outcome} {Reason}"
    )]
    private static partial void LogIgnored(
        ILogger logger,
        string moduleId,
        string nodeId,
        int round,
        SubmissionOutcome outcome,
        string reason
    );
}
