using Dmkd.Core.Numerics;

namespace Dmkd.Core.Routing;

/// <summary>What the router knows of one expert and a batch.</summary>
/// <param name="Classes">The data set's class index of each of its outputs.</param>
/// <param name="MeanEntropy">Its H_k, in nats.</param>
/// <param name="ClassScores">Its class scores, shape [batch, classes], row-major. Rows of inputs that it does not
/// answer are not read where the gate chooses first.</param>
/// <param name="GateScores">The gate network's logits of the same classes, of the same shape; null without a gate
/// network.</param>
/// <param name="Features">What a fitted gate scores, shape [batch, features]; null for others.</param>
public sealed record ExpertView(
    IReadOnlyList<int> Classes,
    double MeanEntropy,
    float[] ClassScores,
    float[]? GateScores = null,
    double[]? Features = null
)
{
    /// <summary>The expert with a number added to all its class scores of an input.</summary>
    /// <param name="shifts">One number per input.</param>
    public ExpertView Shifted(double[] shifts)
    {
        ArgumentNullException.ThrowIfNull(shifts);
        float[] scores = new float[ClassScores.Length];
        for (int i = 0; i < scores.Length; i++)
            scores[i] = (float)(ClassScores[i] + shifts[i / Classes.Count]);
        return this with { ClassScores = scores };
    }
}

/// <summary>One expert and one input, as a gate scores them.</summary>
/// <param name="Expert">The expert and the batch.</param>
/// <param name="Outputs">The outputs whose classes are candidates, at least one.</param>
/// <param name="Input">Place of the input in the batch.</param>
/// <param name="Batch">Number of inputs.</param>
public readonly record struct ExpertInput(ExpertView Expert, int[] Outputs, int Input, int Batch)
{
    /// <summary>The expert's scores of the candidate classes.</summary>
    public double[] Scores() => Row(Expert.ClassScores);

    /// <summary>The gate network's logits of the candidate classes.</summary>
    /// <exception cref="InvalidOperationException">There is no gate network.</exception>
    public double[] GateLogits()
    {
        float[] all =
            Expert.GateScores
            ?? throw new InvalidOperationException("This gate asks a gate network, and the library has none.");
        return Row(all);
    }

    /// <summary>Features of the pair.</summary>
    /// <exception cref="InvalidOperationException">The experts come without.</exception>
    public double[] Features()
    {
        double[] all =
            Expert.Features
            ?? throw new InvalidOperationException("This gate scores features, and the experts come without.");
        int width = all.Length / Batch;
        return all[(Input * width)..((Input + 1) * width)];
    }

    private double[] Row(float[] all)
    {
        int width = Expert.Classes.Count;
        double[] scores = new double[Outputs.Length];
        for (int c = 0; c < scores.Length; c++)
            scores[c] = all[Input * width + Outputs[c]];
        return scores;
    }
}

/// <summary>
/// Routes inputs to experts and mixes their answers (proposal 3.3): p_k(x) = softmax_k(-β·H_k + z_k(x)), and y = Σ_{k
/// in S_R} p_k(x)·M_k(x) over the R most probable experts, M_k being the softmax of the expert's class scores.
/// </summary>
public sealed class ModuleRouter
{
    private readonly IGate _gate;
    private readonly double _specializationWeight;
    private readonly int _topExperts;
    private readonly double _gateVote;

    /// <summary>Makes a router.</summary>
    /// <param name="gate">Gives z_k(x).</param>
    /// <param name="specializationWeight">The proposal's β, at least 0.</param>
    /// <param name="topExperts">The proposal's R, at least 1; more than there are means all.</param>
    /// <param name="gateVote">
    /// What a gate network's logits of an expert's classes count beside the expert's own scores in M_k, at least 0.
    /// Other gates have none.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public ModuleRouter(IGate gate, double specializationWeight, int topExperts, double gateVote = 0)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentOutOfRangeException.ThrowIfNegative(specializationWeight);
        ArgumentOutOfRangeException.ThrowIfLessThan(topExperts, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(gateVote);
        _gateVote = gateVote;
        _gate = gate;
        _specializationWeight = specializationWeight;
        _topExperts = topExperts;
    }

    /// <summary>Predicts every input of a batch.</summary>
    /// <param name="experts">The experts with their scores of the batch.</param>
    /// <param name="batch">Number of inputs.</param>
    /// <param name="candidates">Classes to choose from; experts that know none of them take no part.</param>
    /// <param name="classes">How many of an input's most probable classes are told in
    /// <see cref="RoutedClass.Classes"/>, at least 0.</param>
    /// <exception cref="ArgumentException">No expert knows a candidate class.</exception>
    public IReadOnlyList<RoutedClass> Route(
        IReadOnlyList<ExpertView> experts,
        int batch,
        IReadOnlyCollection<int> candidates,
        int classes = 0
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(classes);
        var open = Open(experts, batch, candidates);
        return [.. Enumerable.Range(0, batch).Select(input => Route(open, input, classes))];
    }

    /// <summary>
    /// The experts that answer each input, for a gate that chooses first: so much is known before any expert runs.
    /// </summary>
    /// <param name="experts">The experts with the gate network's logits or the features; their own scores are not
    /// read.</param>
    /// <param name="batch">Number of inputs.</param>
    /// <param name="candidates">Classes to choose from.</param>
    /// <returns>Per input the indices of its experts, most probable first.</returns>
    /// <exception cref="ArgumentException">No expert knows a candidate class.</exception>
    public IReadOnlyList<int[]> Choose(
        IReadOnlyList<ExpertView> experts,
        int batch,
        IReadOnlyCollection<int> candidates
    )
    {
        var open = Open(experts, batch, candidates);
        return
        [
            .. Enumerable
                .Range(0, batch)
                .Select(input => (int[])[.. Top(Probabilities(open, input)).Select(k => open[k].Index)]),
        ];
    }

    private static Participant[] Open(IReadOnlyList<ExpertView> experts, int batch, IReadOnlyCollection<int> candidates)
    {
        ArgumentNullException.ThrowIfNull(experts);
        ArgumentNullException.ThrowIfNull(candidates);
        var wanted = candidates.ToHashSet();
        var open = new List<Participant>();
        for (int index = 0; index < experts.Count; index++)
        {
            var expert = experts[index];
            int[] outputs =
            [
                .. Enumerable.Range(0, expert.Classes.Count).Where(c => wanted.Contains(expert.Classes[c])),
            ];
            if (outputs.Length > 0)
                open.Add(new Participant(index, expert, outputs, batch));
        }

        if (open.Count == 0)
            throw new ArgumentException(
                $"No expert knows any of the classes {string.Join(", ", wanted.Order())}.",
                nameof(candidates)
            );
        return [.. open];
    }

    private double[] Probabilities(Participant[] experts, int input)
    {
        double[] probabilities = new double[experts.Length];
        for (int k = 0; k < experts.Length; k++)
            probabilities[k] =
                _gate.Score(experts[k].At(input)) - _specializationWeight * experts[k].Expert.MeanEntropy;
        Softmax.Apply(probabilities, probabilities);
        return probabilities;
    }

    private int[] Top(double[] probabilities) =>
        [
            .. Enumerable
                .Range(0, probabilities.Length)
                .OrderByDescending(k => probabilities[k])
                .ThenBy(k => k)
                .Take(_topExperts),
        ];

    private RoutedClass Route(Participant[] experts, int input, int classes)
    {
        double[] probabilities = Probabilities(experts, input);
        int[] chosen = Top(probabilities);
        var mixture = new Dictionary<int, double>();
        double mass = 0;
        foreach (int k in chosen)
        {
            double[] answer = Answer(experts[k], input);
            for (int c = 0; c < answer.Length; c++)
            {
                int classIndex = experts[k].Expert.Classes[experts[k].Outputs[c]];
                mixture[classIndex] = mixture.GetValueOrDefault(classIndex) + probabilities[k] * answer[c];
            }

            mass += probabilities[k];
        }

        var best = mixture.MaxBy(pair => pair.Value);
        var told = mixture.OrderByDescending(pair => pair.Value).Take(classes); // stable: the first is the best
        return new RoutedClass(
            best.Key,
            best.Value / mass,
            [.. chosen.Select(k => (experts[k].Index, probabilities[k]))]
        )
        {
            Classes = [.. told.Select(pair => new ClassProbability(pair.Key, pair.Value / mass))],
        };
    }

    /// <summary>M_k(x) of the expert's candidate classes.</summary>
    private double[] Answer(Participant expert, int input)
    {
        var pair = expert.At(input);
        double[] answer = pair.Scores();
        if (_gateVote > 0 && expert.Expert.GateScores is not null)
        {
            double[] votes = pair.GateLogits();
            for (int c = 0; c < answer.Length; c++)
                answer[c] += _gateVote * votes[c];
        }

        Softmax.Apply(answer, answer);
        return answer;
    }

    private sealed record Participant(int Index, ExpertView Expert, int[] Outputs, int Batch)
    {
        public ExpertInput At(int input) => new(Expert, Outputs, input, Batch);
    }
}

/// <summary>Prediction of one input.</summary>
/// <param name="ClassIndex">The most probable class.</param>
/// <param name="Probability">Its probability among the candidates, in [0, 1].</param>
/// <param name="Experts">Index and p_k(x) of the experts that answered, most probable first.</param>
public sealed record RoutedClass(
    int ClassIndex,
    double Probability,
    IReadOnlyList<(int Expert, double Probability)> Experts
)
{
    /// <summary>
    /// As many of the most probable classes as were asked for, most probable first; only those that the experts that
    /// answered know.
    /// </summary>
    public IReadOnlyList<ClassProbability> Classes { get; init; } = [];
}

/// <summary>How probable a class is.</summary>
/// <param name="ClassIndex">The class.</param>
/// <param name="Probability">Its probability among the candidates, in [0, 1].</param>
public readonly record struct ClassProbability(int ClassIndex, double Probability);
