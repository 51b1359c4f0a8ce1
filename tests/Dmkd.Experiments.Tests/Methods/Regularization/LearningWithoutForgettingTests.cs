using Dmkd.Core.Training;
using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Regularization;

public sealed class LearningWithoutForgettingTests
{
    private const double Alpha = 3;
    private const double Temperature = 2;
    private static readonly double[] Logits = [0.5, -1, 2, 0.25, 9]; // the last class is not seen yet
    private static readonly double[] Recorded = [1.5, 0.5, -3, 0, 0];

    [Fact]
    public void Loss_OneImage_IsCrossEntropyOverSeenClassesPlusDistillationOverOld()
    {
        using var scope = NewDisposeScope();
        double crossEntropy = -Math.Log(TestData.Softmax(Logits[..4])[2]);
        double[] old = TestData.Softmax(Recorded[..2].Select(value => value / Temperature));
        double[] now = TestData.Softmax(Logits[..2].Select(value => value / Temperature));
        double divergence = old.Zip(now, (p, q) => p * (Math.Log(p) - Math.Log(q))).Sum();
        Assert.Equal(
            crossEntropy + Alpha * divergence,
            Loss(tensor(Logits).unsqueeze(0), tensor(Recorded).unsqueeze(0)).item<double>(),
            1e-10
        );
    }

    [Fact]
    public void Loss_Gradient_IsThatOfThePublishedLoss()
    {
        using var scope = NewDisposeScope();
        var ours = tensor(Logits).unsqueeze(0).requires_grad_();
        Loss(ours, tensor(Recorded).unsqueeze(0)).backward();

        // Mammoth's: probabilities to the power 1 / T, divided by their sum, and -mean Σ old log new.
        var theirs = tensor(Logits).unsqueeze(0).requires_grad_();
        var old = Smooth(tensor(Recorded).unsqueeze(0).narrow(1, 0, 2).softmax(1));
        var now = Smooth(theirs.narrow(1, 0, 2).softmax(1));
        var loss =
            nn.functional.cross_entropy(theirs.narrow(1, 0, 4), tensor([2L])) - (old * now.log()).sum(1).mean() * Alpha;
        loss.backward();
        TestData.Close(TestData.Doubles(theirs.grad!), ours.grad!, 1e-12);

        static Tensor Smooth(Tensor probabilities)
        {
            var powers = probabilities.pow(1 / Temperature);
            return powers / powers.sum(1, keepdim: true);
        }
    }

    private static Tensor Loss(Tensor logits, Tensor recorded)
    {
        var objective =
            new CrossEntropy(..4)
            + new LearningWithoutForgetting.RecordedAnswers(recorded, old: 2, Temperature)
                * LearningWithoutForgetting.WeightOf(Alpha, Temperature);
        using var model = new Answers();
        using var step = new TrainingStep(model, new Batch(logits, tensor([2L])) { Positions = tensor([0L]) });
        return objective.Loss(step)!;
    }

    /// <summary>Answers with its inputs.</summary>
    private sealed class Answers() : nn.Module<Tensor, Tensor>("answers")
    {
        public override Tensor forward(Tensor input) => input.clone();
    }
}
