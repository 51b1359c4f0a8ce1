using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Data;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>Learns the tasks of a problem one after the other on pooled data, testing after each.</summary>
internal sealed class SharedHeadLearning(DeviceJob job, ContinualProblem problem, TrainingOptions options, Action<double> progress)
{
    /// <summary>Learns all tasks.</summary>
    /// <param name="method">The method's name.</param>
    /// <param name="model">One output for each class, on the job's device. Borrowed.</param>
    /// <param name="rule">The method. Borrowed.</param>
    /// <param name="parameters">Trainable values of the model.</param>
    /// <param name="macsPerInput">Multiply-adds to predict one input.</param>
    public MethodResult Learn(string method, nn.Module<Tensor, Tensor> model, ITrainingRule rule, long parameters, long macsPerInput)
    {
        LearningRecord record = new(method, job);
        TaskTrainer trainer = new(job, problem.Settings, options);
        Objective objective = new([.. model.parameters()], rule.Loss, rule.AfterStep);
        for (int task = 0; task < problem.Tasks.Count; task++)
        {
            int done = task;
            using var data = SharedNetwork.TrainingImages(problem, problem.Tasks.ClassesOf(task));
            using var generator = new Generator((ulong)SeedSequence.Derive(problem.Settings.Seed, SeedPurpose.BaselineTraining, task), CPU);
            model.eval();
            rule.BeforeTask(task, data);
            model.train();
            trainer.Train(objective, data, generator, problem.Settings.Training.Rounds, share => progress((done + share) / problem.Tasks.Count));
            model.eval();
            if (task < problem.Tasks.Count - 1) rule.AfterTask(task, data);
            record.Add(TaskEvaluation.Measure(model, problem, task, job.Device));
        }

        return record.Finish(parameters, macsPerInput) with { Exemplars = rule.Exemplars };
    }
}
