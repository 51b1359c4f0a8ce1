namespace Dmkd.Core.Routing;

/// <summary>
/// Routes inputs to experts and mixes their answers (proposal 3.3): p_k(x) = softmax_k(-β·H_k + z_k(x)), and
/// y = Σ_{k in S_R} p_k(x)·M_k(x) over the R most probable experts, M_k being the softmax of the expert's class scores.
/// </summary>
public sealed class ModuleRouter
{
    private readonly IGate _gate;
    private readonly double _specializationWeight;
    private readonly int _topExperts;

    /// <summary>Makes a router.</summary>
    /// <param name="gate">Gives z_k(x).</param>
    /// <param name="specializationWeight">The proposal's β, at least 0.</param>
    /// <param name="topExperts">The proposal's R, at least 1; more than there are means all.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public ModuleRouter(IGate gate, double specializationWeight, int topExperts)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentOutOfRangeException.ThrowIfNegative(specializationWeight);
        ArgumentOutOfRangeException.ThrowIfLessThan(topExperts, 1);
        _gate = gate;
        _specializationWeight = specializationWeight;
        _topExperts = topExperts;
    }

    /// <summary>Predicts every input of a batch.</summary>
    /// <param name="experts">The experts with their scores of the batch.</param>
    /// <param name="batch">Number of inputs.</param>
    /// <param name="candidates">Classes to choose from; experts that know none of them take no part.</param>
    /// <exception cref="ArgumentException">No expert knows a candidate class.</exception>
    public IReadOnlyList<RoutedClass> Route(IReadOnlyList<ExpertView> experts, int batch, IReadOnlyCollection<int> candidates)
    {
        ArgumentNullException.ThrowIfNull(experts);
        ArgumentNullException.ThrowIfNull(candidates);
        var wanted = candidates.ToHashSet();
        var open = experts
            .Select((expert, index) => new Participant(index, expert, [.. Enumerable.Range(0, expert.Classes.Count).Where(c => wanted.Contains(expert.Classes[c]))]))
            .Where(participant => participant.Outputs.Length > 0)
            .ToArray();
        if (open.Length == 0) throw new ArgumentException($"No expert knows any of the classes {string.Join(", ", wanted.Order())}.", nameof(candidates));
        return [.. Enumerable.Range(0, batch).Select(input => Route(open, input))];
    }

    private RoutedClass Route(Participant[] experts, int input)
    {
        double[][] scores = [.. experts.Select(expert => expert.ScoresOf(input))];
        double[] probabilities = new double[experts.Length];
        for (int k = 0; k < experts.Length; k++)
            probabilities[k] = _gate.Score(scores[k]) - _specializationWeight * experts[k].Expert.MeanEntropy;
        Softmax.Apply(probabilities, probabilities);

        int[] chosen = [.. Enumerable.Range(0, experts.Length).OrderByDescending(k => probabilities[k]).ThenBy(k => k).Take(_topExperts)];
        var mixture = new Dictionary<int, double>();
        double mass = 0;
        foreach (int k in chosen)
        {
            double[] answer = new double[scores[k].Length];
            Softmax.Apply(scores[k], answer);
            for (int c = 0; c < answer.Length; c++)
            {
                int classIndex = experts[k].Expert.Classes[experts[k].Outputs[c]];
                mixture[classIndex] = mixture.GetValueOrDefault(classIndex) + probabilities[k] * answer[c];
            }

            mass += probabilities[k];
        }

        var best = mixture.MaxBy(pair => pair.Value);
        return new RoutedClass(best.Key, best.Value / mass, [.. chosen.Select(k => (experts[k].Index, probabilities[k]))]);
    }

    private sealed record Participant(int Index, ExpertView Expert, int[] Outputs)
    {
        public double[] ScoresOf(int input)
        {
            int width = Expert.Classes.Count;
            double[] scores = new double[Outputs.Length];
            for (int c = 0; c < scores.Length; c++) scores[c] = Expert.ClassScores[input * width + Outputs[c]];
            return scores;
        }
    }
}
