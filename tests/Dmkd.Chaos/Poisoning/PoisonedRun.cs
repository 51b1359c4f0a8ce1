using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Runs.Rounds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Chaos.Poisoning;

/// <summary>
/// All rounds of one cell. Between what a node sends and the new version stands the product's own coordinator:
/// classification, checks, replay recognition, admission, rule and step are its own. Start it on a scheduler that runs
/// one piece at a time, as a grain's does.
/// </summary>
/// <param name="federation">The nodes.</param>
/// <param name="rule">The merge rule.</param>
/// <param name="attack">What the attackers do.</param>
/// <param name="attackers">Those that attack.</param>
/// <param name="takePart">Whether the attackers take part at all.</param>
internal sealed class PoisonedRun(Federation federation, string rule, string attack, int[] attackers, bool takePart)
{
    private readonly MemoryStore _store = new();
    private readonly CoordinatorSlot _slot = new();
    private readonly int[] _nodes =
    [
        .. Enumerable.Range(0, federation.AttackersFirst.Count).Where(node => takePart || !attackers.Contains(node)),
    ];
    private readonly List<double> _errors = [];
    private List<DeltaSubmission> _lastHonest = [];
    private int _refusals,
        _honestRefusals,
        _cappedClaims,
        _failedRounds;

    /// <summary>Runs the rounds.</summary>
    public async Task<RunOutcome> RunAsync()
    {
        var coordinator = new MergeCoordinator(
            federation.ModuleKey,
            _slot,
            new MergeWork(_store, federation.Devices),
            new NoContacts(),
            TimeProvider.System,
            NullLogger.Instance,
            () => { }
        )
        {
            Instruments = Unheard.Instruments,
        };
        coordinator.Start();
        byte[] first = await federation.FirstWeightsAsync();
        var version = RunRules.FirstVersion(await _store.PutAsync(first), first.Length, default);
        List<string> digests = [version.Digest];
        for (int round = 0; round < federation.Rounds; round++)
        {
            version = await RoundAsync(coordinator, round, version);
            digests.Add(version.Digest);
        }

        var (accuracy, restated) = await federation.AccuracyAsync(
            version.Digest,
            await _store.GetAsync(version.Digest)
        );
        return new RunOutcome(
            digests,
            _errors,
            accuracy,
            restated,
            _refusals,
            _honestRefusals,
            _cappedClaims,
            _failedRounds
        );
    }

    private async Task<ModuleVersion> RoundAsync(MergeCoordinator coordinator, int round, ModuleVersion version)
    {
        byte[] weights = await _store.GetAsync(version.Digest);
        var trained = await Task.WhenAll(
            _nodes.Select(node => federation.TrainAsync(node, round, version, weights, IsMislabelled(node)))
        );
        var submissions = await Task.WhenAll(
            _nodes.Zip(trained, (node, part) => SubmissionAsync(node, round, version, part))
        );
        _slot.Begin();
        await coordinator.OpenAsync(PlanOf(round, version));
        HashSet<string> counted = [];
        foreach (var (node, submission) in _nodes.Zip(submissions))
        {
            if (submission is null)
                await coordinator.WithdrawAsync(
                    Federation.RunId,
                    round,
                    Key(node),
                    "there is nothing to send again yet"
                );
            else if ((await coordinator.SubmitAsync(submission)).Outcome is SubmissionOutcome.Accepted)
                counted.Add(Key(node));
        }

        await _slot.Ended;
        var next = _slot.State.Phase is MergePhase.Closed ? _slot.State.Result! : version;
        if (next == version)
            _failedRounds++;
        else
            counted.IntersectWith(next.Contributions.Select(contribution => contribution.NodeId));
        Count(submissions.OfType<DeltaSubmission>(), counted);
        _lastHonest =
        [
            .. submissions
                .OfType<DeltaSubmission>()
                .Where(submission => counted.Contains(submission.NodeId) && !IsAttacker(submission.NodeId)),
        ];
        byte[][] honest =
        [
            .. _nodes.Zip(trained).Where(pair => !attackers.Contains(pair.First)).Select(pair => pair.Second.Update),
        ];
        byte[] merged = await _store.GetAsync(next.Digest);
        _errors.Add(await federation.Devices.Serving.RunAsync(_ => UpdateError.Relative(weights, merged, honest)));
        return next;
    }

    private void Count(IEnumerable<DeltaSubmission> submissions, HashSet<string> counted)
    {
        foreach (string node in submissions.Select(submission => submission.NodeId))
        {
            if (counted.Contains(node))
                _cappedClaims += _slot.State.Refusals.Any(text =>
                    text.Contains($"node {node},", StringComparison.Ordinal)
                )
                    ? 1
                    : 0;
            else if (IsAttacker(node))
                _refusals++;
            else
                _honestRefusals++;
        }
    }

    private MergeRoundPlan PlanOf(int round, ModuleVersion version) =>
        new()
        {
            RunId = Federation.RunId,
            Round = round,
            Base = version,
            Participants = RunRules.NodeKeys(Federation.RunId, _nodes),
            Quorum = 1,
            Wait = TimeSpan.FromDays(1),
            MaxSamples = federation.ImageCount,
            Options = new MergeOptions
            {
                Rule = rule,
                Compressor = DenseExchange.Name,
                Rank = 0,
            },
        };

    /// <summary>What a node sends; null for nothing.</summary>
    private async Task<DeltaSubmission?> SubmissionAsync(
        int node,
        int round,
        ModuleVersion version,
        TrainedNode trained
    )
    {
        bool isAttacker = attackers.Contains(node);
        var header = new DeltaSubmission
        {
            RunId = Federation.RunId,
            Round = round,
            NodeId = Key(node),
            BaseVersion = version.Number,
            BaseDigest = version.Digest,
            SampleCount = isAttacker && attack is AttackNames.Inflate ? federation.Claim : trained.SampleCount,
            Tensors = new TensorReference { Blob = new StoredBlob("", 0) },
        };
        if (isAttacker && attack is AttackNames.Replay)
        {
            if (_lastHonest.Count == 0)
                return null;
            var old = _lastHonest[Array.IndexOf(attackers, node) % _lastHonest.Count];
            return header with { Tensors = old.Tensors, SampleCount = old.SampleCount };
        }

        string sent = isAttacker ? attack : AttackNames.None;
        byte[] tensors = await federation.Devices.Serving.RunAsync(_ =>
            Forgery.Of(sent, trained.Update, federation.NoiseSeed(node, round))
        );
        return header with
        {
            Tensors = new TensorReference { Blob = new StoredBlob(await _store.PutAsync(tensors), tensors.Length) },
        };
    }

    private bool IsMislabelled(int node) => attack is AttackNames.LabelFlip && attackers.Contains(node);

    private bool IsAttacker(string key) => attackers.Any(node => Key(node) == key);

    private static string Key(int node) => RunRules.NodeKey(Federation.RunId, node);
}

/// <summary>What one run of all rounds came to.</summary>
/// <param name="Digests">Of the first version and of the version after each round.</param>
/// <param name="RelativeErrors">Of the merged update, by round.</param>
/// <param name="Accuracy">On test images after the last round.</param>
/// <param name="RestatedAccuracy">The same with batch-norm statistics measured anew on the nodes' images.</param>
/// <param name="Refusals">Updates of attackers that did not count.</param>
/// <param name="HonestRefusals">Updates of honest nodes that did not count.</param>
/// <param name="CappedClaims">Claims that were lowered.</param>
/// <param name="FailedRounds">Rounds without a new version.</param>
internal sealed record RunOutcome(
    IReadOnlyList<string> Digests,
    IReadOnlyList<double> RelativeErrors,
    double Accuracy,
    double RestatedAccuracy,
    int Refusals,
    int HonestRefusals,
    int CappedClaims,
    int FailedRounds
);
