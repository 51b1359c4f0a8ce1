using Dmkd.Core.Numerics;

namespace Dmkd.Core.Routing.Discriminants;

/// <summary>
/// How probable each expert's task is by the discriminants of all experts, one after the other: was the input of the
/// first task; if not, of the second; and so on. The question at a task is put to every discriminant that knows all
/// classes which are left, and their answers are pooled (docs/adr/0019). In an experiment those are the ones up to the
/// task, for images of earlier tasks are gone when an expert comes; the nodes of a library keep theirs, and all know
/// all.
/// </summary>
public static class DiscriminantChain
{
    private const double Certain = -1e-6; // the largest ln p: what is left for later tasks is never nothing

    /// <summary>ln p(task of expert k | x) of every expert.</summary>
    /// <param name="experts">The experts, oldest first.</param>
    /// <param name="batch">Number of inputs.</param>
    /// <returns>Per expert, one number per input.</returns>
    public static double[][] LogShares(IReadOnlyList<DiscriminantView> experts, int batch)
    {
        ArgumentNullException.ThrowIfNull(experts);
        Question[] questions = [.. Enumerable.Range(0, experts.Count).Select(step => Question.At(experts, step))];
        double[][] shares = [.. experts.Select(_ => new double[batch])];
        for (int input = 0; input < batch; input++)
        {
            double left = 0;
            for (int step = 0; step < experts.Count; step++)
            {
                double own = step == experts.Count - 1 ? 0 : questions[step].LogOwn(input);
                shares[step][input] = left + own;
                left += Math.Log(1 - Math.Exp(own));
            }
        }

        return shares;
    }

    /// <summary>Whether an input is of an expert's task, given that it is of that task or a later one.</summary>
    /// <param name="OwnCount">The expert's own classes; they come first.</param>
    /// <param name="Remaining">Number of classes of this and later experts.</param>
    /// <param name="Asked">The discriminants that know all of them, with the column of each class.</param>
    private sealed record Question(int OwnCount, int Remaining, (DiscriminantView View, int[] Columns)[] Asked)
    {
        public static Question At(IReadOnlyList<DiscriminantView> experts, int step)
        {
            int[] remaining = [.. experts.Skip(step).SelectMany(expert => expert.Own).Distinct()];
            var columns = experts.Select(expert =>
                (View: expert, Columns: remaining.Select(label => IndexOf(expert.Known, label)).ToArray())
            );
            return new Question(
                experts[step].Own.Distinct().Count(),
                remaining.Length,
                [.. columns.Where(asked => !asked.Columns.Contains(-1))]
            );
        }

        /// <summary>ln p, below 0. Where no discriminant knows all classes, every class is equally probable.</summary>
        public double LogOwn(int input)
        {
            if (Asked.Length == 0)
                return Math.Min(Certain, Math.Log((double)OwnCount / Remaining));
            double[] pooled = new double[Remaining],
                scores = new double[Remaining];
            foreach (var (view, columns) in Asked)
            {
                for (int c = 0; c < Remaining; c++)
                    scores[c] = view.Scores[input * view.Known.Count + columns[c]];
                double all = Softmax.LogSumExp(scores);
                for (int c = 0; c < Remaining; c++)
                    pooled[c] += scores[c] - all;
            }

            // Discriminants err together: their sum would be too sure, their mean too unsure.
            for (int c = 0; c < Remaining; c++)
                pooled[c] /= Math.Sqrt(Asked.Length);
            return Math.Min(Certain, Softmax.LogSumExp(pooled.AsSpan(0, OwnCount)) - Softmax.LogSumExp(pooled));
        }

        private static int IndexOf(IReadOnlyList<int> labels, int label)
        {
            for (int i = 0; i < labels.Count; i++)
                if (labels[i] == label)
                    return i;
            return -1;
        }
    }
}

/// <summary>An expert's discriminant and a batch.</summary>
/// <param name="Own">The classes of the expert's outputs.</param>
/// <param name="Known">The classes that its discriminant knows.</param>
/// <param name="Scores">ln p(c | f) up to a constant per input, shape [batch, known classes], row-major.</param>
public sealed record DiscriminantView(IReadOnlyList<int> Own, IReadOnlyList<int> Known, double[] Scores);
