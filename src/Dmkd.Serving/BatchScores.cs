using Dmkd.Core.Devices;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Serving;

/// <summary>
/// The tensor work of one batch: what each expert says, and the gate network before them. Lives within one job of a
/// lane.
/// </summary>
internal sealed class BatchScores : IBatchScores
{
    private readonly IReadOnlyList<Network> _networks; // in the order of the members
    private readonly LibraryMember[] _experts;
    private readonly LibraryMember? _gate;
    private readonly InputTensor _inputs;
    private readonly RoutingPlan _plan;
    private readonly IModality _modality;
    private readonly Tensor _encoded;
    private readonly CancellationToken _cancellationToken;
    private float[]? _gateLogits;

    /// <param name="job">The lane.</param>
    /// <param name="networks">Networks of the members. Borrowed.</param>
    /// <param name="members">The experts asked, and the gate network, if the gate needs one, at the end.</param>
    /// <param name="inputs">The inputs.</param>
    /// <param name="plan">How class scores are computed.</param>
    public BatchScores(
        DeviceJob job,
        IReadOnlyList<Network> networks,
        IReadOnlyList<LibraryMember> members,
        InputTensor inputs,
        RoutingPlan plan
    )
    {
        _networks = networks;
        _cancellationToken = job.CancellationToken;
        _experts = [.. members.Where(member => member.Role is MemberRole.Expert)];
        _gate = members.FirstOrDefault(member => member.Role is MemberRole.Gate);
        _inputs = inputs;
        _plan = plan;
        _modality = _experts[0].Modality;
        _encoded = _modality.Encode(inputs).to(job.Device);
        Experts = [.. _experts.Select(expert => new ExpertView(expert.Classes, expert.MeanEntropy, []))];
    }

    public int Count => _inputs.Count;

    public IReadOnlyList<ExpertView> Experts { get; }

    public float[] ScoresOf(int expert) => Score(_networks[expert], _experts[expert], _encoded);

    public (float[] Scores, Tensor Features) ScoresAndFeaturesOf(int expert)
    {
        var scored = _modality.ScoreWithFeatures(_networks[expert], _encoded, OptionsOf(_experts[expert]));
        using (scored.Scores)
            return (TensorMemory.ToArray(scored.Scores), scored.Features);
    }

    public float[] GateLogitsOf(int expert)
    {
        var gate =
            _gate ?? throw new InvalidOperationException("This gate asks a gate network, and the library has none.");
        _gateLogits ??= Score(_networks[^1], gate, _encoded);
        return Columns(_gateLogits, gate, _experts[expert]);
    }

    public double[] Descriptors() => _modality.Describe(_inputs);

    /// <summary>Runs each expert only on the inputs that the gate chose it for.</summary>
    /// <param name="asked">The experts with what the gate scores.</param>
    /// <param name="router">Chooses.</param>
    /// <param name="candidateSets">Sets of classes to choose from.</param>
    public IReadOnlyList<ExpertView> OfChosen(
        IReadOnlyList<ExpertView> asked,
        ModuleRouter router,
        IReadOnlyList<int[]> candidateSets
    )
    {
        var choices = new List<IReadOnlyList<int[]>>();
        foreach (int[] candidates in candidateSets)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            choices.Add(router.Choose(asked, Count, candidates));
        }

        var answered = new ExpertView[asked.Count];
        for (int k = 0; k < answered.Length; k++)
        {
            int expert = k;
            var chosen = Enumerable
                .Range(0, Count)
                .Where(input => choices.Any(choice => choice[input].Contains(expert)));
            answered[k] = asked[k] with { ClassScores = ScoreSome(k, [.. chosen]) };
        }

        return answered;
    }

    private float[] ScoreSome(int expert, long[] inputs)
    {
        int width = _experts[expert].Classes.Length;
        float[] all = new float[Count * width];
        if (inputs.Length == 0)
            return all;
        using var scope = NewDisposeScope();
        float[] some = Score(
            _networks[expert],
            _experts[expert],
            _encoded.index_select(0, tensor(inputs, device: _encoded.device))
        );
        for (int i = 0; i < inputs.Length; i++)
            some.AsSpan(i * width, width).CopyTo(all.AsSpan((int)inputs[i] * width));
        return all;
    }

    private float[] Score(Network network, LibraryMember member, Tensor encoded)
    {
        using var scores = _modality.Score(network, encoded, OptionsOf(member));
        float[] values = TensorMemory.ToArray(scores);
        FiniteValues.RequireRows(values, Math.Max(1, (int)scores.shape[^1]), $"expert {member.Key}");
        return values;
    }

    private ScoringOptions OptionsOf(LibraryMember member) =>
        new(member.Signature.LabelSpace, member.Normalisation, _plan.Views, _plan.Centred);

    private float[] Columns(float[] logits, LibraryMember gate, LibraryMember expert)
    {
        int[] columns = [.. expert.Classes.Select(label => Array.IndexOf(gate.Classes, label))];
        int unknown = Array.IndexOf(columns, -1);
        if (unknown >= 0)
            throw new InvalidOperationException(
                $"Gate {gate.Key} does not know class {expert.Classes[unknown]} of {expert.Key}; route with another gate."
            );
        float[] chosen = new float[Count * columns.Length];
        for (int input = 0; input < Count; input++)
        for (int c = 0; c < columns.Length; c++)
            chosen[input * columns.Length + c] = logits[input * gate.Classes.Length + columns[c]];
        return chosen;
    }
}
